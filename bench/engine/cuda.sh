#!/usr/bin/env bash
# On a machine with an NVIDIA GPU, a CUDA PyTorch (a pip wheel or an NGC image), g++, make, npm and Node 22.19 or newer: builds
# the addon against that PyTorch, runs the engine's tests and tfjs's specs on the GPU, and times a CondInst training step beside
# PyTorch's (eager, bf16 autocast, channels_last, float32 weights). All results are JSON files in the output folder.
#
#   bash bench/engine/cuda.sh [--device cuda:0] [--out out/cuda] [--batch 16] [--size 640] [--warm-up 10] [--steps 50]
#
# PYTHON (default python3) names the Python that has PyTorch. `--device cpu --batch 1 --size 128 --warm-up 1 --steps 2` runs
# every part without a GPU.
set -euo pipefail
cd "$(dirname "$0")/../.."

device=cuda:0 out=out/cuda batch=16 size=640 warm_up=10 steps=50
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2 ;;
    --out) out=$2 ;;
    --batch) batch=$2 ;;
    --size) size=$2 ;;
    --warm-up) warm_up=$2 ;;
    --steps) steps=$2 ;;
    *) echo "cuda.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ "$device" = cuda ] && device=cuda:0
python=${PYTHON:-python3}
mkdir -p "$out"

node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 22 || (a === 22 && b < 19)) { console.error("cuda.sh: Node 22.19 or newer is needed, this is " + process.version); process.exit(1); }'
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --loglevel error
TORCH_DIR=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
export TORCH_DIR CASSL_ENGINE=torch CASSL_DEVICE=$device
# Matters to --device cpu alone; the peer gets the same.
export OMP_WAIT_POLICY=passive
if [ "$device" != cpu ]; then
  export CASSL_REQUIRE_GPU=1
  nvidia-smi --query-gpu=index,name,driver_version,memory.total --format=csv,noheader | tee "$out/gpu.txt"
fi
"$python" -c 'import torch; print("PyTorch", torch.__version__, "CUDA", torch.version.cuda)'

failed=()
echo '== build'
node libs/engine-torch/src/build.ts
echo '== engine tests'
# Some of them choose the CPU themselves.
env -u CASSL_REQUIRE_GPU npx vitest run libs/engine-torch >"$out/tests.log" 2>&1 || failed+=("engine tests: $out/tests.log")
tail -n 6 "$out/tests.log"
echo '== conformance'
node libs/engine/conformance/run.ts --engine torch --json >"$out/conformance.json" 2>"$out/conformance.log" ||
  failed+=("conformance: $out/conformance.log")
cat "$out/conformance.json"

echo '== training step'
if [ "$device" != cpu ]; then
  # The id that nvidia-smi knows: CUDA counts only the visible devices.
  IFS=, read -ra visible <<<"${CUDA_VISIBLE_DEVICES:-}"
  index=${device#cuda:}
  nvidia-smi -i "${visible[$index]:-$index}" --query-gpu=timestamp,utilization.gpu,memory.used \
    --format=csv,noheader,nounits -lms 100 >"$out/utilisation.csv" &
  monitor=$!
  trap 'kill "$monitor" 2>/dev/null || true' EXIT
fi
node bench/engine/cuda.ts ours "$out/condinst.json" "$warm_up" "$steps" "$batch" "$size" >"$out/ours.json"
"$python" bench/engine/cuda_peer.py "$device" "$out/condinst.json" "$warm_up" "$steps" >"$out/peer.json"
node bench/engine/cuda.ts compare "$out/ours.json" "$out/peer.json" "$out/utilisation.csv" | tee "$out/result.json"

[ ${#failed[@]} -eq 0 ] && exit
printf 'cuda.sh: failed: %s\n' "${failed[@]}" >&2
exit 1
