"""For cuda.sh: times the PyTorch twin's training step on the GPU, bf16 autocast and channels_last."""

import json
import sys
import time

import torch

from condinst_step import condinst_jobs

WARM_UP, STEPS = 10, 50


def main(path):
    torch.backends.cudnn.benchmark = True
    step = condinst_jobs(path, torch.channels_last, "cuda", autocast=True)["condinstStep"]
    for _ in range(WARM_UP):
        step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()
    milliseconds = (time.perf_counter() - start) * 1000 / STEPS
    with open(path) as file:
        batch = json.load(file)["batch"]["batchSize"]
    peak = torch.cuda.max_memory_allocated()
    print(json.dumps(dict(version=torch.__version__, milliseconds=milliseconds, imagesPerSecond=batch * 1000 / milliseconds, peakBytes=peak)))


main(sys.argv[1])
