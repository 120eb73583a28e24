"""Checks a model with onnx's own checker and shape inference, and runs it: MODEL IMAGES.npy-like raw floats B H W, answers JSON."""

import json
import sys

import numpy
import onnx
import onnxruntime

path, images, batch, height, width = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
onnx.checker.check_model(path, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
values = numpy.fromfile(images, "<f4").reshape(batch, 3, height, width)
names = [output.name for output in session.get_outputs()]
results = dict(zip(names, session.run(names, {"images": values})))
metadata = session.get_modelmeta().custom_metadata_map
print(json.dumps({
    "onnxruntime": onnxruntime.__version__,
    "inputs": [[i.name, i.type, i.shape] for i in session.get_inputs()],
    "categories": metadata["cassl.categories"],
    "boxes": results["boxes"].tolist(),
    "scores": results["scores"].tolist(),
    "labels": results["labels"].tolist(),
    "counts": results["counts"].tolist(),
    "masks": "masks" in results and list(results["masks"].shape),
}))
