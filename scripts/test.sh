#!/usr/bin/env bash
# Runs one suite ("unit" or "interop"), leaves its counts in out/test/SUITE.json and ends with them on a line.
set -uo pipefail
cd "$(dirname "$0")/.."
suite=$1
report=out/test/$suite.json
mkdir -p out/test && rm -f "$report"
export CASSL_SHARED=${CASSL_SHARED:-../shared}

# huggingface_hub of an earlier major version (the newest comes with timm), and skopeo: where they can't be had, their tests skip.
bring_earlier_hub() {
  export CASSL_PYTHON_HUB1=$PWD/.tools/python-hub1/bin/python
  if ! [ -x .tools/python-hub1/bin/hf ]; then
    python3 -m venv .tools/python-hub1 && .tools/python-hub1/bin/pip install -q --disable-pip-version-check 'huggingface_hub<2' || true
  fi
  if ! command -v skopeo > /dev/null && [ "$(id -u)" -eq 0 ]; then
    apt-get install -y -qq --no-install-recommends skopeo > /dev/null 2>&1 || true
  fi
}

# The peers: PyTorch and friends in a virtual environment of their own.
bring_python_peers() {
  export CASSL_PYTHON=$PWD/.tools/python/bin/python
  bring_earlier_hub
  local wanted='torch torchvision timm pycocotools faster-coco-eval safetensors numpy pillow transformers mmdet mmengine mmcv-lite==2.1.0'
  if [ "$(cat .tools/python/cassl-peers 2>/dev/null)" = "$wanted" ]; then return; fi
  echo "test-interop: installing $wanted from pip into .tools/python"
  python3 -m venv .tools/python || return 1
  # shellcheck disable=SC2086
  .tools/python/bin/pip install -q --disable-pip-version-check $wanted && echo "$wanted" > .tools/python/cassl-peers
}

if [ "$suite" = interop ]; then
  if ! bring_python_peers; then
    echo 'test-interop: skipped, because pip cannot install the Python peers here'
    echo '{"numPassedTests":0,"numFailedTests":0,"numPendingTests":1}' > "$report"
    node scripts/count-tests.ts "$report"
    exit
  fi
  npx vitest run --config vitest.interop.config.ts --reporter default --reporter json --outputFile.json "$report"
else
  npx vitest run --reporter default --reporter json --outputFile.json "$report"
fi
status=$?
node scripts/count-tests.ts "$report" || status=1
exit $status
