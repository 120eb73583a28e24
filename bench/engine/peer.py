"""The same work in plain PyTorch: answers each line on stdin (a job's name) with a line of JSON."""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WIDTHS = [64, 128, 256, 512]
PYRAMID = 128


class Layer(nn.Conv2d):
    def __init__(self, inputs, outputs, size, stride=1):
        super().__init__(inputs, outputs, size, stride, size // 2)

    def forward(self, x):
        return F.relu(super().forward(x), inplace=True)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.shortcut = Layer(inputs, outputs, 1, 2) if stride == 2 else nn.Identity()
        self.body = nn.Sequential(Layer(inputs, outputs, 3, stride), Layer(outputs, outputs, 3))

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(Layer(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1))
        self.stages = nn.ModuleList()
        for stage, width in enumerate(WIDTHS):
            inputs = WIDTHS[max(0, stage - 1)]
            self.stages.append(nn.Sequential(Block(inputs, width, 2 if stage else 1), Block(width, width, 1)))
        self.laterals = nn.ModuleList(Layer(width, PYRAMID, 1) for width in WIDTHS[1:])
        self.smooth = nn.ModuleList(Layer(PYRAMID, PYRAMID, 3) for _ in self.laterals)
        self.tower = nn.Sequential(Layer(PYRAMID, PYRAMID, 3), Layer(PYRAMID, PYRAMID, 3))

    def forward(self, x):
        x, maps = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        merged, total = None, 0
        for level in (2, 1, 0):
            lateral = self.laterals[level](maps[level + 1])
            merged = lateral if merged is None else lateral + F.interpolate(merged, size=lateral.shape[2:], mode="nearest")
            total = total + self.tower(self.smooth[level](merged)).mean()
        return total


def stack_jobs(memory_format):
    stack = Stack().to(memory_format=memory_format)
    images = torch.randn(4, 3, 320, 320).contiguous(memory_format=memory_format)

    def forward():
        with torch.inference_mode():
            stack(images).item()

    def train():
        stack.zero_grad(set_to_none=True)
        loss = stack(images)
        loss.backward()
        loss.item()

    return {"stackForward": forward, "stackTrain": train}


def timed(job):
    start = time.perf_counter()
    job()
    return (time.perf_counter() - start) * 1000


def faster(candidates):
    """Of jobs in NCHW and in channels_last, the faster one after a warm-up."""
    best = {}
    for name in candidates[0]:
        for jobs in candidates:
            jobs[name]()
        best[name] = min((jobs[name] for jobs in candidates), key=lambda job: min(timed(job) for _ in range(3)))
    return best


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    formats = (torch.contiguous_format, torch.channels_last)
    jobs = faster([stack_jobs(memory_format) for memory_format in formats])
    if len(sys.argv) > 2:
        from condinst_step import condinst_jobs

        jobs.update(faster([condinst_jobs(sys.argv[2], memory_format) for memory_format in formats]))
    for line in sys.stdin:
        name = line.strip()
        if name == "facts":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            answer = dict(version=torch.__version__, threads=torch.get_num_threads(), peakBytes=peak)
        else:
            answer = dict(ms=timed(jobs[name]))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
