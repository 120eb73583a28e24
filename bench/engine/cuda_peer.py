"""For cuda.sh: times the PyTorch twin's training step, eager, bf16 autocast and channels_last, and prints what cuda.ts prints.

    python3 cuda_peer.py DEVICE WORK WARM_UP STEPS
"""

import json
import statistics
import sys
import time

import torch

from condinst_step import condinst_training


def main(device, path, warm_up, steps):
    torch.backends.cudnn.benchmark = True
    step = condinst_training(path, torch.channels_last, device, autocast=True)
    for _ in range(warm_up):
        step().item()
    queued, whole = [], []
    begin = time.time()
    for _ in range(steps):
        start = time.perf_counter()
        loss = step()
        queued.append((time.perf_counter() - start) * 1000)
        loss.item()
        whole.append((time.perf_counter() - start) * 1000)
    end = time.time()
    with open(path) as file:
        batch = json.load(file)["batch"]["batchSize"]
    cuda = device.startswith("cuda")
    print(
        json.dumps(
            dict(
                device=torch.cuda.get_device_name(device) if cuda else device,
                version=f"PyTorch {torch.__version__}",
                imagesPerSecond=batch * steps / (end - begin),
                stepMs=statistics.median(whole),
                enqueueMs=statistics.median(queued),
                peakBytes=torch.cuda.max_memory_allocated(device) if cuda else 0,
                window=[begin * 1000, end * 1000],
            )
        )
    )


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
