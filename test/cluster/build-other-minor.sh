#!/usr/bin/env bash
# Builds the API server of another Kubernetes minor for the scenario `minors`, once, with Go's module proxy; about ten minutes of two cores.
#   test/cluster/build-other-minor.sh [VERSION]     default: the newest patch of the oldest minor that the chart supports
# CASSL_K8S_DIR   cache of the built binaries; the server goes to bin/kube-apiserver-VERSION
set -euo pipefail
DIR=${CASSL_K8S_DIR:-$HOME/.cache/cassl-k8s}
MODULE=k8s.io/kubernetes
version=${1:-$(go list -m -versions "$MODULE" | tr ' ' '\n' | grep -E '^v1\.34\.[0-9]+$' | tail -n 1)}
version=${version#v}
out=$DIR/bin/kube-apiserver-$version
[ -x "$out" ] && { echo "$out is there"; exit 0; }

work=$DIR/src/kubernetes-$version
mkdir -p "$work"
source=$(go mod download -json "$MODULE@v$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
install -m 644 "$source/go.mod" "$source/go.sum" "$work/"
# The release replaces its staging modules by folders of its own; published they are k8s.io/X v0.MINOR.PATCH.
staging=v0.${version#1.}
sed -i -E -e 's#^module .*#module wrap#' \
  -e "s#=> \./staging/src/(k8s\.io/[a-z-]+)#=> \1 $staging#" \
  -e "s#^([[:space:]]+k8s\.io/[a-z-]+) v0\.0\.0\$#\1 $staging#" \
  -e '/k8s\.io\/sample-(cli-plugin|controller) =>/d' "$work/go.mod"
cd "$work"
go mod edit -require="$MODULE@v$version"
minor=${version#1.}
flags="-s -w -X k8s.io/component-base/version.gitVersion=v$version -X k8s.io/component-base/version.gitMajor=1"
flags+=" -X k8s.io/component-base/version.gitMinor=${minor%%.*} -X k8s.io/component-base/version.gitTreeState=clean"
CGO_ENABLED=0 nice -n "${CASSL_K8S_NICE:-10}" go build -mod=mod -trimpath -buildvcs=false -ldflags "$flags" -o "$out" "$MODULE/cmd/kube-apiserver"
echo "built $out"
