"""The PyTorch twin of `label-photos.ts`: DataLoader workers decode and resize, torchvision suppresses, pycocotools encodes; the
same weights, photos, batch and number of threads, in channels_last float32."""

import glob
import json
import os
import resource
import sys
import time

import numpy
import torch
from PIL import Image
from pycocotools import mask as coco_mask
from safetensors.torch import load_file
from torch.utils.data import DataLoader, Dataset

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../libs/detector/interop"))
from condinst_reference import CondInst  # noqa: E402

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
DEVIATION = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)


class Photos(Dataset):
    def __init__(self, files, short_side, long_side):
        self.files, self.short_side, self.long_side = files, short_side, long_side

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        photo = Image.open(self.files[index]).convert("RGB")
        width, height = photo.size
        scale = min(self.short_side / min(width, height), self.long_side / max(width, height))
        size = (int(width * scale + 0.5), int(height * scale + 0.5))
        pixels = torch.from_numpy(numpy.array(photo.resize(size, Image.BILINEAR))).permute(2, 0, 1)
        return (pixels.float() - MEAN) / DEVIATION, (size[1], size[0]), (height, width)


def collate(items):
    images, resized, original = zip(*items)
    height, width = (-(-max(side) // 32) * 32 for side in zip(*resized))
    frame = torch.zeros(len(images), 3, height, width)
    for index, image in enumerate(images):
        frame[index, :, : image.shape[1], : image.shape[2]] = image
    return frame, resized, original


def encode(masks):
    if len(masks) == 0:
        return []
    return coco_mask.encode(numpy.asfortranarray(masks.permute(1, 2, 0).numpy().astype(numpy.uint8)))


def processor_seconds():
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def label(model, spec, files):
    photos = Photos(files, spec["shortSide"], spec["longSide"])
    loader = DataLoader(photos, batch_size=spec["batch"], num_workers=spec["threads"], collate_fn=collate)
    found = 0
    for images, resized, original in loader:
        results = model.detect(images.contiguous(memory_format=torch.channels_last), resized, original)
        found += sum(len(encode(result["masks"])) for result in results)
    return found


def main(spec):
    torch.set_num_threads(spec["threads"])
    model = CondInst({**spec["config"], "maxDetections": spec["masks"]}).eval()
    missing, unexpected = model.load_state_dict(load_file(spec["weights"]), strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    model = model.to(memory_format=torch.channels_last)
    files = sorted(glob.glob(f"{spec['folder']}/*.jpg"))[: spec["images"]]
    label(model, spec, files[: spec["batch"]])
    cpu, clock = processor_seconds(), time.perf_counter()
    found = label(model, spec, files)
    seconds, cpu = time.perf_counter() - clock, processor_seconds() - cpu
    print(json.dumps(dict(seconds=seconds, cpuSeconds=cpu, images=len(files), masksPerImage=found / len(files))))


main(json.loads(sys.argv[1]))
