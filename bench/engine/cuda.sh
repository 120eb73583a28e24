#!/usr/bin/env bash
# On a machine with an NVIDIA GPU, a CUDA PyTorch and Node 22: builds the addon against that PyTorch, runs tfjs's specs on the
# GPU, and a CondInst training step beside PyTorch's (eager, bf16 autocast, channels_last, fp32 master weights).
#
#   bash bench/engine/cuda.sh [OUT]        PYTHON=python3 names the Python that has PyTorch; OUT defaults to out/cuda
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
out=${1:-out/cuda}
mkdir -p "$out"

TORCH_DIR=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
export TORCH_DIR CASSL_ENGINE=torch CASSL_DEVICE=cuda:0 CASSL_REQUIRE_GPU=1
"$python" -c 'import torch; print("PyTorch", torch.__version__, "CUDA", torch.version.cuda, torch.cuda.get_device_name())'

echo '== build'
node -e 'import("@cassl/engine-torch").then(({ buildAddon }) => console.log(buildAddon()))'
echo '== conformance'
node libs/engine/conformance/run.ts --engine torch --json >"$out/conformance.json" 2>"$out/conformance.log"
cat "$out/conformance.json"
echo '== training step'
nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader -lms 200 >"$out/utilisation.csv" &
monitor=$!
trap 'kill "$monitor" 2>/dev/null || true' EXIT
node bench/engine/cuda.ts ours "$out/condinst.json" | tee "$out/ours.json"
"$python" bench/engine/cuda_peer.py "$out/condinst.json" | tee "$out/peer.json"
node bench/engine/cuda.ts compare "$out/ours.json" "$out/peer.json" | tee "$out/result.json"
