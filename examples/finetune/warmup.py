"""Takes a warmed-up detector from the registry into a torchvision model, and says what became of every tensor.

The registry answers with torchvision's own names (docs/registry-views.md); what is left to say is which pyramid level the
model's running numbers count from, and which tensors may stay behind.
"""

import dataclasses
import io
import os
import re
import urllib.request

import safetensors.torch

TIMEOUT_S = 120
COUNTED = re.compile(r"^(backbone\.fpn\.(?:inner|layer)_blocks\.)(\d+)(\..+)$")


class WarmupError(Exception):
    """The checkpoint does not fit the model; the message names the first key that does not."""


@dataclasses.dataclass
class LoadReport:
    """matched: keys that were set; ignored: keys of the file that were not, with the reason; fresh: keys of the model that keep
    their first values."""

    matched: list
    ignored: dict
    fresh: list

    def __str__(self):
        lines = [f"{len(self.matched)} tensors from the warmup, {len(self.ignored)} ignored, {len(self.fresh)} fresh"]
        lines += [f"  ignored {key}: {why}" for key, why in self.ignored.items()]
        return "\n".join(lines)


def pull(url, reference, framework="torchvision", token=None):
    """The weights of `reference` (alias or digest) under the framework's names. The registry sends them; nothing is cached."""
    address = f"{url.rstrip('/')}/v1/checkpoints/{reference}/file?for={framework}&container=safetensors"
    token = token or os.environ.get("CASSL_TOKEN")
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        return safetensors.torch.load(io.BytesIO(answer.read()).getvalue())


def load(model, tensors, first_level=3, leave=()):
    """Sets the model's tensors by name.

    first_level: k of the first C_k with a lateral in the model; the file counts from C3, a usual Mask R-CNN from C2.
    leave: prefixes of tensors that another task has no use for, for example heads.
    Raises WarmupError for any other tensor that the model lacks or has in another shape. Nothing is changed then.
    """
    own = model.state_dict()
    matched, ignored, values = [], {}, {}
    # In order of names, so that the same mistake names the same key.
    for key, tensor in sorted(tensors.items()):
        name = counted_from(key, first_level)
        if key.endswith("num_batches_tracked") and name not in own:
            ignored[key] = "a counter that this norm does not keep"
        elif key.startswith(tuple(leave)):
            ignored[key] = "not transferred to this model"
        elif name not in own:
            raise WarmupError(
                f"{key}: the model has no {name}; is the map right (framework, first_level={first_level}), and the backbone the same?"
            )
        elif own[name].shape != tensor.shape:
            raise WarmupError(f"{key}: shape {list(tensor.shape)} in the checkpoint, {name} has {list(own[name].shape)} in the model")
        else:
            matched.append(name)
            values[name] = tensor
    if not matched:
        raise WarmupError(f"none of the {len(tensors)} tensors was transferred, the first is {next(iter(tensors), 'missing')}")
    model.load_state_dict(values, strict=False)
    return LoadReport(matched, ignored, [name for name in own if name not in values])


def counted_from(key, first_level):
    found = COUNTED.match(key)
    if found is None or first_level == 3:
        return key
    return f"{found[1]}{int(found[2]) + 3 - first_level}{found[3]}"
