"""Label Studio's own code against a running server: prints what it saw as one line of JSON.

label-studio.interop.py ADDRESS_OF_THE_BACKEND LABEL_CONFIG IMAGE_AS_DATA_URL
"""

import json
import os
import sys
import tempfile
from datetime import datetime, timezone
from types import SimpleNamespace

from label_studio_sdk.converter.brush import decode_rle
from label_studio_sdk.label_interface import LabelInterface


def open_client(address):
    """The client by which the server of Label Studio asks its backends, in a Django of its own."""
    import label_studio

    sys.path.insert(0, os.path.dirname(label_studio.__file__))
    os.environ["LABEL_STUDIO_BASE_DATA_DIR"] = tempfile.mkdtemp(prefix="cassl-label-studio-")
    # The address is local.
    os.environ["ML_BLOCK_LOCAL_IP"] = "false"
    os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"
    # A machine that does other things takes more than its second to connect.
    os.environ["ML_CONNECTION_TIMEOUT"] = "30"
    os.environ["ML_TIMEOUT_HEALTH"] = os.environ["ML_TIMEOUT_SETUP"] = "30"
    import django

    django.setup()
    from ml.api_connector import MLApi

    return MLApi(url=address)


def main(address, config, image):
    client = open_client(address)
    project = SimpleNamespace(
        id=3,
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        created_by=SimpleNamespace(auth_token=SimpleNamespace(key="token")),
        label_config=config,
        task_data_login=None,
        task_data_password=None,
    )
    interface = LabelInterface(config)

    def answer(result):
        return [result.type, result.status_code, result.response]

    tasks = [{"id": number, "data": {"picture": image}} for number in (1, 2)]
    predicted = client.make_predictions(tasks, project)
    predictions = predicted.response.get("results", [])
    regions = [region for prediction in predictions for region in prediction["result"]]
    print(
        json.dumps(
            {
                "health": answer(client.health()),
                "validate": answer(client.validate(config)),
                "setup": answer(client.setup(project)),
                "versions": answer(client.get_versions(project)),
                "predict": [predicted.type, predicted.status_code, predicted.response.get("model_version")],
                "problems": [interface.validate_prediction(one, return_errors=True) for one in predictions],
                "types": [[region["type"] for region in one["result"]] for one in predictions],
                "masks": [
                    # RGBA: the last of four is the mask's.
                    decode_rle(region["value"]["rle"]).reshape(-1, 4)[:, 3].tolist()
                    for region in regions
                    if "rle" in region["value"]
                ],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
