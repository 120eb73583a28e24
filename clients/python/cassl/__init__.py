"""Detections from a cassl labeler.

    from cassl import Client

    with Client("127.0.0.1:7102") as client:
        found = client.detect("photo.jpg", model="warmup@prod", threshold=0.5)
        for detection in found.detections:
            print(detection.category_name, detection.score, detection.box)

Answers are the messages of the protos (`cassl.v1.image_pb2.ImageDetections`); every other service of the platform is in `cassl.v1`
as well. Errors are `grpc.RpcError`s with the service's code and message.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import grpc

from cassl.v1 import detector_pb2, detector_pb2_grpc, image_pb2

__all__ = ["Client"]

MAX_MESSAGE_BYTES = 64 * 2**20

# Detecting twice does no harm: asked again where the service is away or full.
_RETRIES = {
    "methodConfig": [
        {
            "name": [{"service": "cassl.v1.DetectorService", "method": "Detect"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
            },
        }
    ]
}


class Client:
    """A connection to a labeler.

    target: host:port
    token: bearer token; default the environment's CASSL_AUTH_TOKEN
    credentials: for TLS, for example grpc.ssl_channel_credentials(); default none
    timeout: seconds for calls that name none, all attempts included
    """

    def __init__(
        self,
        target: str,
        *,
        token: str | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        timeout: float = 30.0,
    ):
        options = [
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.enable_retries", 1),
            ("grpc.service_config", json.dumps(_RETRIES)),
        ]
        self._channel = (
            grpc.insecure_channel(target, options)
            if credentials is None
            else grpc.secure_channel(target, credentials, options)
        )
        self._stub = detector_pb2_grpc.DetectorServiceStub(self._channel)
        self._timeout = timeout
        token = token or os.environ.get("CASSL_AUTH_TOKEN")
        self._metadata = [] if not token else [("authorization", f"Bearer {token}")]

    def detect(
        self, image: bytes | str | os.PathLike, *, model: str, timeout: float | None = None, **options
    ) -> image_pb2.ImageDetections:
        """Detects in one image: a file's bytes, its path, or an s3:// or file:// address that the service may read.

        options: threshold, max_detections, boxes_only, priority
        """
        request = _request(detector_pb2.DetectRequest, image, model, options)
        answer = self._stub.Detect(request, timeout=timeout or self._timeout, metadata=self._metadata)
        return answer.detections

    def detect_stream(
        self, images: Iterable[bytes | str | os.PathLike], *, model: str, timeout: float | None = None, **options
    ) -> Iterator[image_pb2.ImageDetections]:
        """Detects in images as they come, in their order. A bad image has `error` in its answer; the stream goes on."""
        requests = (_request(detector_pb2.DetectStreamRequest, image, model, options) for image in images)
        for answer in self._stub.DetectStream(requests, timeout=timeout, metadata=self._metadata):
            yield answer.detections

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _request(message, image, model, options):
    options = dict(options)
    priority = options.pop("priority", 0)
    return message(
        checkpoint=model,
        image=_image(image),
        options=detector_pb2.DetectionOptions(**options),
        priority=priority,
    )


def _image(image) -> image_pb2.Image:
    if isinstance(image, (bytes, bytearray, memoryview)):
        return image_pb2.Image(encoded=bytes(image))
    if isinstance(image, str) and "://" in image:
        return image_pb2.Image(uri=image)
    return image_pb2.Image(key=str(image), encoded=Path(image).read_bytes())
