"""KServe's own clients against a running server: prints what they saw as one line of JSON.

kserve-client.interop.py GRPC_ADDRESS HTTP_URL IMAGE
"""

import asyncio
import json
import sys

import grpc
import httpx
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from kserve.protocol.infer_type import RequestedOutput

PARAMETERS = {"max_detections": 5, "non_overlap": True, "threshold": "0.25"}


def question(model, image, outputs=()):
    tensor = InferInput("image", [2], "BYTES")
    tensor.set_data_from_numpy(np.array([image, image], dtype=object))
    wanted = [RequestedOutput(name) for name in outputs]
    return InferRequest(model, [tensor], request_id="seven", parameters=dict(PARAMETERS), request_outputs=wanted)


def typed_question(image):
    """As `contents`, which KServe's client has for data that is a list."""
    return InferRequest("m", [InferInput("image", [1], "BYTES", data=[image])])


def summary(answer):
    tensors = {output.name: output.as_numpy() for output in answer.outputs}
    return {
        "id": answer.id,
        "boxes": tensors["boxes"].tolist(),
        "labels": tensors["labels"].tolist(),
        "num_detections": tensors["num_detections"].tolist(),
    }


async def over_grpc(address, image):
    async with InferenceGRPCClient(address) as client:
        seen = {
            "live": await client.is_server_live(),
            "ready": await client.is_server_ready(),
            "model ready": await client.is_model_ready("m"),
            "unloaded ready": await client.is_model_ready("k"),
            "infer": summary(await client.infer(question("m", image))),
        }
        seen["contents"] = summary(await client.infer(typed_question(image)))["num_detections"]
        some = await client.infer(question("m", image, ["image_sizes"]))
        seen["outputs"] = [[output.name, output.as_numpy().tolist()] for output in some.outputs]
        try:
            await client.infer(question("missing", image))
        except grpc.RpcError as error:
            seen["missing"] = f"{error.code().name} {error.details()}"
    return seen


async def by_stub(address):
    """The calls that KServe's servers have and its client does not wrap."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = GRPCInferenceServiceStub(channel)
        server = await stub.ServerMetadata(messages.ServerMetadataRequest())
        model = await stub.ModelMetadata(messages.ModelMetadataRequest(name="m"))
        loaded = await stub.RepositoryModelLoad(messages.RepositoryModelLoadRequest(model_name="k"))
        unloaded = await stub.RepositoryModelUnload(messages.RepositoryModelUnloadRequest(model_name="k"))
    return {
        "server": server.name,
        "inputs": [[tensor.name, tensor.datatype, list(tensor.shape)] for tensor in model.inputs],
        "loaded": [loaded.model_name, loaded.isLoaded],
        "unloaded": [unloaded.model_name, unloaded.isUnloaded],
    }


async def over_rest(url, image):
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        seen = {
            "live": await client.is_server_live(url),
            "ready": await client.is_server_ready(url),
            "model ready": await client.is_model_ready(url, "m"),
            "unloaded ready": await client.is_model_ready(url, "k"),
            "infer": summary(await client.infer(url, question("m", image), model_name="m")),
        }
        try:
            await client.infer(url, question("missing", image), model_name="missing")
        except httpx.HTTPStatusError as error:
            seen["missing"] = f"{error.response.status_code} {error}"
    return seen


async def main(grpc_address, http_url, image_path):
    with open(image_path, "rb") as file:
        image = file.read()
    seen = {
        "grpc": await over_grpc(grpc_address, image),
        "stub": await by_stub(grpc_address),
        "rest": await over_rest(http_url, image),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
