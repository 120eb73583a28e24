"""Stock tritonclient against a running server: prints what it saw as one line of JSON.

tritonclient.interop.py GRPC_ADDRESS HTTP_ADDRESS IMAGE
"""

import asyncio
import json
import queue
import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException


def inputs_of(module, image, count=2):
    tensor = module.InferInput("image", [count], "BYTES")
    tensor.set_data_from_numpy(np.array([image] * count, dtype=object))
    return [tensor]


def pixels_of(module):
    tensor = module.InferInput("pixels", [1, 2, 3, 3], "UINT8")
    tensor.set_data_from_numpy(np.zeros((1, 2, 3, 3), np.uint8))
    return [tensor]


def classes_of(client, module, image):
    """As Triton's image clients ask: the model's one output, by the best classes of each image."""
    wanted = [module.InferRequestedOutput("classes", class_count=3)]
    tensor = module.InferInput("image", [2, 1], "BYTES")
    tensor.set_data_from_numpy(np.array([[image], [image]], dtype=object))
    return [[text.decode() for text in row] for row in client.infer("m:classes", [tensor], outputs=wanted).as_numpy("classes")]


def summary(result):
    return {
        "boxes": result.as_numpy("boxes").tolist(),
        "labels": result.as_numpy("labels").tolist(),
        "num_detections": result.as_numpy("num_detections").tolist(),
        "errors": [error.decode() for error in result.as_numpy("errors").reshape(-1)],
    }


def message_of(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except InferenceServerException as error:
        return f"{error.status()} {error.message()}"
    return "no error"


PARAMETERS = {"priority": 3, "timeout": 20_000_000, "parameters": {"threshold": 0.25, "max_detections": 5}}


def over_grpc(address, image):
    client = grpc.InferenceServerClient(address)
    seen = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "extensions": list(client.get_server_metadata().extensions),
        "inputs": [tensor.name for tensor in client.get_model_metadata("m").inputs],
        "dims": [list(tensor.dims) for tensor in client.get_model_config("m").config.input],
    }
    seen["ready before"] = client.is_model_ready("k")
    client.load_model("k")
    seen["ready after"] = client.is_model_ready("k")
    seen["index"] = sorted(model.name for model in client.get_model_repository_index().models)
    client.unload_model("k")
    seen["infer"] = summary(client.infer("m", inputs_of(grpc, image), **PARAMETERS))
    seen["gzip"] = summary(client.infer("m", inputs_of(grpc, image), compression_algorithm="gzip"))
    wanted = [grpc.InferRequestedOutput("image_sizes")]
    seen["sizes"] = client.infer("m", pixels_of(grpc), outputs=wanted).as_numpy("image_sizes").tolist()
    seen["classes"] = classes_of(client, grpc, image)
    seen["classifier"] = [len(tensor.shape) for tensor in client.get_model_metadata("m:pixel-classes").inputs]
    seen["count"] = client.get_inference_statistics("m").model_stats[0].inference_count
    seen["trace"] = list(client.get_trace_settings().settings["trace_level"].value)
    seen["log"] = client.get_log_settings().settings["log_info"].bool_param
    seen["regions"] = len(client.get_system_shared_memory_status().regions)
    seen["register"] = message_of(client.register_system_shared_memory, "r", "/r", 8)
    seen["cuda"] = message_of(client.register_cuda_shared_memory, "r", b"YQ==", 0, 8)
    seen["trace of unknown"] = message_of(client.get_trace_settings, "missing")
    seen["change log"] = message_of(client.update_log_settings, {"log_info": False})
    seen["unknown"] = message_of(client.infer, "missing", inputs_of(grpc, image))
    seen["sequence"] = message_of(client.infer, "m", inputs_of(grpc, image), sequence_id=4)
    client.close()
    return seen


def over_stream(address, image):
    answers = queue.Queue()
    client = grpc.InferenceServerClient(address)
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer("m", inputs_of(grpc, image), request_id="whole")
    client.async_stream_infer("missing", inputs_of(grpc, image), request_id="bad")
    apart = {"enable_empty_final_response": True, "parameters": {"decoupled": True}}
    client.async_stream_infer("m", inputs_of(grpc, image), request_id="apart", **apart)
    seen = []
    for _ in range(5):
        result, error = answers.get(timeout=20)
        if error is not None:
            seen.append(["error", error.message()])
            continue
        answer = result.get_response()
        seen.append([answer.id, len(answer.outputs), answer.parameters["triton_final_response"].bool_param])
    client.stop_stream()
    client.close()
    return seen


async def over_asyncio(address, image):
    async with grpc_aio.InferenceServerClient(address) as client:
        results = await asyncio.gather(*(client.infer("m", inputs_of(grpc, image)) for _ in range(8)))

        async def requests():
            for number in range(3):
                yield {"model_name": "m", "inputs": inputs_of(grpc, image), "request_id": str(number)}

        streamed = []
        async for result, error in client.stream_infer(requests()):
            streamed.append(result.get_response().id if error is None else error.message())
    return {"counts": [result.as_numpy("num_detections").tolist() for result in results], "streamed": streamed}


def over_http(address, image):
    client = http.InferenceServerClient(address, concurrency=4)
    seen = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "extensions": client.get_server_metadata()["extensions"],
        "inputs": [tensor["name"] for tensor in client.get_model_metadata("m")["inputs"]],
        "dims": [tensor["dims"] for tensor in client.get_model_config("m")["input"]],
    }
    seen["ready before"] = client.is_model_ready("k")
    client.load_model("k")
    seen["ready after"] = client.is_model_ready("k", "1")
    seen["index"] = sorted(model["name"] for model in client.get_model_repository_index())
    client.unload_model("k")
    seen["infer"] = summary(client.infer("m", inputs_of(http, image), **PARAMETERS))
    both = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
    seen["gzip"] = summary(client.infer("m", inputs_of(http, image), **both))
    both = {"request_compression_algorithm": "deflate", "response_compression_algorithm": "deflate"}
    seen["deflate"] = summary(client.infer("m", inputs_of(http, image), **both))
    wanted = [http.InferRequestedOutput("image_sizes", binary_data=False), http.InferRequestedOutput("boxes")]
    result = client.infer("m", pixels_of(http), outputs=wanted, request_id="seven")
    seen["sizes"] = result.as_numpy("image_sizes").tolist()
    seen["boxes"] = result.as_numpy("boxes").tolist()
    seen["id"] = result.get_response()["id"]
    seen["classes"] = classes_of(client, http, image)
    asked = [client.async_infer("m", inputs_of(http, image)) for _ in range(8)]
    seen["async"] = [answer.get_result(timeout=20).as_numpy("num_detections").tolist() for answer in asked]
    seen["count"] = client.get_inference_statistics("m")["model_stats"][0]["inference_count"]
    seen["all"] = len(client.get_inference_statistics()["model_stats"])
    seen["trace"] = client.get_trace_settings()["trace_level"]
    seen["model trace"] = client.get_trace_settings("m")["trace_level"]
    seen["log"] = client.get_log_settings()["log_info"]
    seen["regions"] = client.get_system_shared_memory_status()
    seen["register"] = message_of(client.register_system_shared_memory, "r", "/r", 8)
    client.unregister_system_shared_memory("r")
    seen["cuda"] = message_of(client.register_cuda_shared_memory, "r", b"YQ==", 0, 8)
    seen["trace of unknown"] = message_of(client.get_trace_settings, "missing")
    seen["change log"] = message_of(client.update_log_settings, {"log_info": False})
    seen["unknown"] = message_of(client.infer, "missing", inputs_of(http, image))
    seen["sequence"] = message_of(client.infer, "m", inputs_of(http, image), sequence_id=4, sequence_start=True)
    client.close()
    return seen


async def over_http_asyncio(address, image):
    async with http_aio.InferenceServerClient(address) as client:
        live = await client.is_server_live()
        config = await client.get_model_config("m")
        results = await asyncio.gather(*(client.infer("m", inputs_of(http_aio, image)) for _ in range(8)))
    counts = [result.as_numpy("num_detections").tolist() for result in results]
    return {"live": live, "name": config["name"], "counts": counts}


def main(grpc_address, http_address, image_path):
    with open(image_path, "rb") as file:
        image = file.read()
    seen = {
        "grpc": over_grpc(grpc_address, image),
        "stream": over_stream(grpc_address, image),
        "http": over_http(http_address, image),
        "http asyncio": asyncio.run(over_http_asyncio(http_address, image)),
        "asyncio": asyncio.run(over_asyncio(grpc_address, image)),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
