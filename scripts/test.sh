#!/usr/bin/env bash
# Runs one suite ("unit" or "interop"), leaves its counts in out/test/SUITE.json and ends with them on a line.
set -uo pipefail
cd "$(dirname "$0")/.."
suite=$1
report=out/test/$suite.json
mkdir -p out/test && rm -f "$report"
export CASSL_SHARED=${CASSL_SHARED:-../shared}

# huggingface_hub of an earlier major version (the newest comes with timm), skopeo and umoci: where they can't be had, their tests skip.
bring_earlier_hub() {
  export CASSL_PYTHON_HUB1=$PWD/.tools/python-hub1/bin/python
  if ! [ -x .tools/python-hub1/bin/hf ]; then
    python3 -m venv .tools/python-hub1 && .tools/python-hub1/bin/pip install -q --disable-pip-version-check 'huggingface_hub<2' || true
  fi
  if ! { command -v skopeo && command -v umoci; } > /dev/null && [ "$(id -u)" -eq 0 ]; then
    apt-get install -y -qq --no-install-recommends skopeo umoci > /dev/null 2>&1 || true
  fi
}

# An S3 server for the unit tests (moto); where pip cannot bring it, they skip.
bring_s3() {
  [ -n "${S3_TEST_ENDPOINT:-}" ] || [ -x .tools/python-s3/bin/moto_server ] && return
  python3 -m venv .tools/python-s3 && .tools/python-s3/bin/pip install -q --disable-pip-version-check 'moto[server]' || rm -rf .tools/python-s3
}

if [ "$suite" = interop ]; then
  bring_earlier_hub
  CASSL_PYTHON=${CASSL_PYTHON:-$(bash scripts/python-peers.sh)}
  export CASSL_PYTHON
  if [ -z "$CASSL_PYTHON" ]; then
    echo 'test-interop: skipped, because pip cannot install the Python peers here'
    echo '{"numPassedTests":0,"numFailedTests":0,"numPendingTests":1}' > "$report"
    node scripts/count-tests.ts "$report"
    exit
  fi
  npx vitest run --config vitest.interop.config.ts --reporter default --reporter json --outputFile.json "$report"
else
  bring_s3
  npx vitest run --reporter default --reporter json --outputFile.json "$report"
fi
status=$?
node scripts/count-tests.ts "$report" || status=1
exit $status
