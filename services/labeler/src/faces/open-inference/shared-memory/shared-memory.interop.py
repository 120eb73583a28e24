"""What Triton's simple_grpc_shm_string_client.py and simple_http_shm_string_client.py do, with an image: prints what it saw as JSON.

shared-memory.interop.py GRPC_ADDRESS HTTP_ADDRESS IMAGE
"""

import json
import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
import tritonclient.utils.shared_memory as shm
from tritonclient import utils

BOX_BYTES = 16


def talk(module, address, image, key):
    client = module.InferenceServerClient(address)
    client.unregister_system_shared_memory()
    client.unregister_cuda_shared_memory()
    serialized = utils.serialize_byte_tensor(np.array([image], dtype=object))
    input_bytes = utils.serialized_byte_size(serialized)
    output_region = shm.create_shared_memory_region("output_data", f"/{key}_out", BOX_BYTES)
    input_region = shm.create_shared_memory_region("input_data", f"/{key}_in", input_bytes)
    try:
        client.register_system_shared_memory("output_data", f"/{key}_out", BOX_BYTES)
        shm.set_shared_memory_region(input_region, [serialized])
        client.register_system_shared_memory("input_data", f"/{key}_in", input_bytes)
        tensor = module.InferInput("image", [1], "BYTES")
        tensor.set_shared_memory("input_data", input_bytes)
        boxes = module.InferRequestedOutput("boxes")
        boxes.set_shared_memory("output_data", BOX_BYTES)
        result = client.infer("m", [tensor], outputs=[boxes, module.InferRequestedOutput("labels")])
        found = result.get_output("boxes")
        shape = found.shape if module is grpc else found["shape"]
        seen = {
            "boxes": shm.get_contents_as_numpy(output_region, np.float32, list(shape)).tolist(),
            "labels": result.as_numpy("labels").tolist(),
        }
        status = client.get_system_shared_memory_status()
        seen["regions"] = sorted(status.regions if module is grpc else (row["name"] for row in status))
        client.unregister_system_shared_memory()
        status = client.get_system_shared_memory_status()
        seen["left"] = len(status.regions if module is grpc else status)
    finally:
        shm.destroy_shared_memory_region(input_region)
        shm.destroy_shared_memory_region(output_region)
        client.close()
    return seen


def main(grpc_address, http_address, image_path):
    with open(image_path, "rb") as file:
        image = file.read()
    key = f"cassl_{np.random.randint(1 << 30)}"
    print(json.dumps([talk(grpc, grpc_address, image, key), talk(http, http_address, image, key)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
