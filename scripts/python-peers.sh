#!/usr/bin/env bash
# Brings PyTorch and the other Python peers of tests and benchmarks into .tools/python, from pip. Idempotent; says what it does.
# Prints the path of their python last; exits 1 where pip or venv does not work.
set -euo pipefail
cd "$(dirname "$0")/.."

# faster-coco-eval, safetensors, … : what libs/*/interop, *.interop.ts and bench/ import.
wanted='torch torchvision timm pycocotools faster-coco-eval safetensors numpy pillow transformers mmdet mmengine mmcv-lite==2.1.0 tritonclient[grpc,http] litserve onnx onnxruntime kubernetes-validate kserve'

without_dependencies='label-studio-sdk'

if [ "$(cat .tools/python/cassl-peers 2>/dev/null)" != "$wanted $without_dependencies" ]; then
  echo "python-peers: installing $wanted from pip into .tools/python" >&2
  python3 -c 'import ensurepip, venv' 2>/dev/null || bash scripts/setup.sh --for-interop >&2
  python3 -m venv .tools/python
  # shellcheck disable=SC2086
  .tools/python/bin/pip install -q --disable-pip-version-check $wanted >&2
  # Of Label Studio's package the tests load one file, which needs none of its dozens of dependencies.
  .tools/python/bin/pip install -q --disable-pip-version-check --no-deps "$without_dependencies" >&2
  echo "$wanted $without_dependencies" > .tools/python/cassl-peers
fi
echo "$PWD/.tools/python/bin/python"
