#!/usr/bin/env bash
# The demo: the three stages on one machine, through the real services. Options: --out DIR, --seeds N, --data COCO_FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
out=out/demo seeds=1 data=
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=$2 ;;
    --seeds) seeds=$2 ;;
    --data) data=$2 ;;
    *) echo "demo: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
if [ -n "$data" ]; then
  exec node libs/cli/src/main.ts run pipelines/coco-mini.yaml --data "$data" --out "$out" --seeds "$seeds"
fi
exec node libs/cli/src/main.ts run pipelines/demo.yaml --out "$out" --seeds "$seeds"
