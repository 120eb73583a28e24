"""Reads and writes checkpoints with PyTorch and safetensors for checkpoints.interop.ts: `python this.py VERB ARGUMENTS`."""

import argparse
import collections
import pathlib
import pickle
import sys

import numpy as np
import safetensors.torch
import torch


def tensors():
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(4, 3, 2, 2, generator=generator)
    return collections.OrderedDict(
        weight=weight,
        transposed=weight.transpose(0, 1),
        part=weight[1:3],
        tied=weight,
        half=weight.half(),
        bfloat=weight.bfloat16(),
        double=weight.double(),
        scalar=torch.tensor(7),
        integers=torch.arange(5, dtype=torch.int32),
        flags=torch.tensor([True, False]),
        empty=torch.zeros(0, 3),
    )


def save(folder):
    state = tensors()
    torch.save(state, f"{folder}/zip.pth")
    torch.save(state, f"{folder}/legacy.pth", _use_new_zipfile_serialization=False)
    settings = {
        "args": argparse.Namespace(lr=0.1, out=pathlib.Path("a/b")),
        "milestones": collections.Counter([3]),
        "best": np.float64(0.5),
        "device": torch.device("cpu"),
        "shape": torch.Size([2]),
        "tags": {"a"},
    }
    torch.save({"state_dict": state, "epoch": 3, "lr": 0.1, **settings}, f"{folder}/nested.pth")
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 2), torch.nn.BatchNorm2d(4)).state_dict(), f"{folder}/module.pth")
    torch.save(torch.nn.Conv2d(3, 4, 2), f"{folder}/code.pth")
    arrays = {"model": {"conv1_w": state["weight"].numpy()}, "__author__": "Caffe2", "matching_heuristics": True}
    for protocol in (2, 4, 5):
        with open(f"{folder}/protocol{protocol}.pkl", "wb") as file:
            pickle.dump(arrays, file, protocol=protocol)
    contiguous = {name: value.contiguous().clone() for name, value in state.items()}
    safetensors.torch.save_file(contiguous, f"{folder}/expected.safetensors", metadata={"format": "pt"})


def compare(folder):
    """Ours, as .pth (mapped and not) and as safetensors, against what Python wrote itself."""
    expected = safetensors.torch.load_file(f"{folder}/expected.safetensors")
    ours = [
        torch.load(f"{folder}/ours.pth", weights_only=True),
        torch.load(f"{folder}/ours.pth", weights_only=True, mmap=True),
        torch.load(f"{folder}/wrapped.pth", weights_only=True)["model"],
        safetensors.torch.load_file(f"{folder}/ours.safetensors"),
    ]
    for state in ours:
        assert set(state) == set(expected), set(state) ^ set(expected)
        for name, value in expected.items():
            assert state[name].dtype == value.dtype and state[name].shape == value.shape, name
            assert np.array_equal(bits(state[name]), bits(value)), name
    with open(f"{folder}/ours.safetensors", "rb") as a, open(f"{folder}/expected.safetensors", "rb") as b:
        assert a.read() == b.read(), "the official writer gives another file"


def bits(tensor):
    return tensor.contiguous().view(torch.uint8).numpy() if tensor.dim() else tensor.numpy()


if __name__ == "__main__":
    {"save": save, "compare": compare}[sys.argv[1]](*sys.argv[2:])
    print("ok")
