#!/usr/bin/env bash
# Installs the `tensorflow` engine: tfjs-node's own binding, built against the libraries of a TensorFlow 2 wheel. The package's
# own download is libtensorflow 2.9 (for its GPU twin CUDA 11.2), and comes from a bucket that many networks do not reach.
#
#   bash libs/engine/tensorflow/install.sh [DIR]     DIR defaults to .tools/tensorflow, where the engine looks for it
#   WHEEL='tensorflow[and-cuda]'                     the wheel for CUDA 12 (not run here); default tensorflow-cpu
#   PYTHON=python3                                   a Python with pip that the wheel supports
set -euo pipefail
cd "$(dirname "$0")/../../.."
target=$(realpath -m "${1:-.tools/tensorflow}")
wheel=${WHEEL:-tensorflow-cpu}
python=${PYTHON:-python3}
version=4.22.0

major=$(node -p 'process.versions.node.split(".")[0]')
if ((major >= 23)); then
  echo "tfjs-node $version needs Node 22 or older, this is Node $major" >&2
  exit 2
fi

mkdir -p "$target"
cd "$target"
echo '{ "private": true }' >package.json
no_dependencies=(--no-deps)
# The CUDA libraries are wheels of their own.
[[ $wheel == *and-cuda* ]] && no_dependencies=()
"$python" -m pip install --quiet --upgrade --target wheel "${no_dependencies[@]}" "$wheel"
npm install --silent --no-audit --no-fund --ignore-scripts "@tensorflow/tfjs-node@$version"

tensorflow=$target/wheel/tensorflow
deps=node_modules/@tensorflow/tfjs-node/deps
mkdir -p "$deps/lib"
ln -sfn "$tensorflow/include" "$deps/include"
for name in libtensorflow.so libtensorflow.so.2 libtensorflow.so.2.9.1 libtensorflow_cc.so.2; do
  ln -sf "$tensorflow/libtensorflow_cc.so.2" "$deps/lib/$name"
done
for name in libtensorflow_framework.so libtensorflow_framework.so.2; do
  ln -sf "$tensorflow/libtensorflow_framework.so.2" "$deps/lib/$name"
done
npm_config_nodedir=$(node -p 'require("path").resolve(process.execPath, "../..")')
export npm_config_nodedir
npm rebuild @tensorflow/tfjs-node
node -e 'console.log("tfjs-node on TensorFlow", require("@tensorflow/tfjs-node").backend().binding.TF_Version)'
