"""The same detector in PyTorch for the Python servers: JPEG bytes in, boxes, scores and labels out."""

import io
import os
import sys

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../libs/detector/interop"))
from condinst_reference import CondInst  # noqa: E402

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
DEVIATION = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)


class Detector:
    def __init__(self, spec):
        torch.set_num_threads(spec["threads"])
        self.config = spec["model"]["config"]
        model = CondInst(self.config).eval()
        model.load_state_dict(load_file(spec["model"]["weights"]), strict=False)
        self.model = model.to(memory_format=torch.channels_last)
        # TorchScript of the network: what stands before and behind it stays Python, as users write it.
        example = torch.zeros(1, 3, 256, 416).contiguous(memory_format=torch.channels_last)
        network = Network(self.model)
        with torch.inference_mode():
            self.network = torch.jit.trace(network, example, check_trace=False)
        self.model.pyramid = lambda images: images
        self.model.heads = self.traced_heads
        self.detect_batch([self.prepare(jpeg_of(320, 240))])

    def traced_heads(self, images):
        flat = self.network(images)
        return [(*flat[index : index + 3], None) for index in range(0, len(flat), 3)]

    def prepare(self, data):
        photo = Image.open(io.BytesIO(data)).convert("RGB")
        width, height = photo.size
        short, long = self.config["resizeShortSide"], self.config["resizeLongSide"]
        scale = min(short / min(width, height), long / max(width, height))
        size = (int(width * scale + 0.5), int(height * scale + 0.5))
        pixels = torch.from_numpy(numpy.array(photo.resize(size, Image.BILINEAR))).permute(2, 0, 1)
        return (pixels.float() - MEAN) / DEVIATION, (size[1], size[0]), (height, width)

    def detect_batch(self, items):
        images, resized, original = zip(*items)
        height, width = (-(-max(side) // 32) * 32 for side in zip(*resized))
        frame = torch.zeros(len(images), 3, height, width)
        for index, image in enumerate(images):
            frame[index, :, : image.shape[1], : image.shape[2]] = image
        with torch.inference_mode():
            results = self.model.detect(frame.contiguous(memory_format=torch.channels_last), resized, original)
        return [{name: result[name].tolist() for name in ("boxes", "scores", "labels")} for result in results]


class Network(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        heads = CondInst.heads(self.model, CondInst.pyramid(self.model, images))
        return [part for level in heads for part in level[:3]]


def jpeg_of(width, height):
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "JPEG")
    return out.getvalue()
