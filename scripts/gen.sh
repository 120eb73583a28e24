#!/usr/bin/env bash
# Generates the TypeScript and the descriptor set of libs/proto from proto/. `--check` fails when the committed result differs.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
rm -rf libs/proto/src/gen
buf generate
buf build -o libs/proto/src/gen/cassl.binpb
node scripts/docs/api-reference.ts "${1:-}"
if [ "${1:-}" = --check ] && [ -n "$(git status --porcelain libs/proto/src/gen)" ]; then
  git status --short libs/proto/src/gen
  echo 'gen: the generated code is out of date; run `npm run gen` and commit libs/proto/src/gen' >&2
  exit 1
fi
