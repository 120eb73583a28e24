"""Frameworks' own models with our exports, for export-notes.interop.ts: `python this.py FOLDER`.

Runs the snippet of every note FOLDER/*.json as it stands and reports what the model then computes from FOLDER/images.safetensors
(RGB, ImageNet-normalised, NCHW) into FOLDER/outputs.safetensors.
"""

import importlib.machinery
import json
import os
import pathlib
import sys
import types
import warnings

import safetensors.torch
import torch

warnings.simplefilter("ignore")
os.chdir(sys.argv[1])


class Operators(types.ModuleType):
    """mmcv-lite has no compiled operators; building and running these models needs none of them."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = type(name, (torch.nn.Module,), {})
        setattr(self, name, value)
        return value


class WithoutOperators:
    """Finds `mmcv.ops` and everything below it."""

    def find_spec(self, name, path=None, target=None):
        if name == "mmcv.ops" or name.startswith("mmcv.ops."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Operators(spec.name)

    def exec_module(self, module):
        pass


def flat(name, value, outputs):
    values = value if isinstance(value, (tuple, list)) else [value]
    for index, tensor in enumerate(values):
        outputs[f"{name}.{index}"] = tensor.detach().float().contiguous()


def run(name, model, images, outputs):
    """Whatever of it is there: features of a backbone, or the head's outputs and mask features of a detector."""
    if name.startswith("mmdet") and hasattr(model, "bbox_head"):
        pyramid = model.neck(model.backbone(images))
        for part, value in zip(["classes", "boxes", "quality", "kernels"], model.bbox_head(pyramid)):
            flat(f"{name}.{part}", value, outputs)
        if hasattr(model, "mask_head"):
            flat(f"{name}.masks", model.mask_head.mask_feature_head(pyramid), outputs)
    elif name.startswith("mmdet"):
        flat(f"{name}.stages", model(images), outputs)
    elif name.startswith("transformers"):
        states = model(images, output_hidden_states=True)
        flat(f"{name}.last", states.last_hidden_state, outputs)
    elif name.startswith("timm"):
        if hasattr(model, "set_input_size"):
            # Left alone, timm would choose another window for the new size.
            model.set_input_size(images.shape[2:], window_size=(7, 7))
        flat(f"{name}.last", model.forward_features(images), outputs)
    elif name.startswith("torchvision-detector"):
        flat(f"{name}.pyramid", list(model.backbone(images).values()), outputs)
    elif hasattr(model, "features"):
        flat(f"{name}.last", model.norm(model.features(images)), outputs)
    else:
        x = model.maxpool(model.relu(model.bn1(model.conv1(images))))
        flat(f"{name}.last", model.layer4(model.layer3(model.layer2(model.layer1(x)))), outputs)


sys.meta_path.insert(0, WithoutOperators())
images = safetensors.torch.load_file("images.safetensors")["images"]
outputs = {}
for path in sorted(pathlib.Path(".").glob("*.*.json")):
    note = json.loads(path.read_text())
    scope = {}
    exec(note["snippet"], scope)
    model = scope["model"]
    model.eval()
    with torch.no_grad():
        run(path.name.split(".")[0], model, images, outputs)
safetensors.torch.save_file(outputs, "outputs.safetensors")
