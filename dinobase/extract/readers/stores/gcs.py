"""Google Cloud Storage: `gs://BUCKET/PATH`, with a service account's key or what `gcloud` has left on the machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dinobase.core.errors import FetchError
from dinobase.extract.readers import stores
from dinobase.extract.readers.stores.objects import OPTIONS, RETRIES, Objects, failed, store_types


def opened(path: str, values: Mapping[str, str]) -> Objects:
    """Open a bucket; what is not given is taken from the SDK's own GOOGLE_* variables."""
    _, store = store_types("gcs")
    bucket = stores.rest(path).partition("/")[0]
    config: dict[str, Any] = {}
    endpoint = values.get("endpoint_url", "").rstrip("/")
    if endpoint:
        config["base_url"] = endpoint
    if key_file := values.get("service_account", ""):
        if not Path(key_file).is_file():
            raise FetchError(
                f"there is no key file {key_file}",
                code="source.absent",
                hint="see whether it was moved: --service-account",
            )
        config["service_account"] = key_file
    elif endpoint:
        config["skip_signature"] = True  # no token of Google's goes to another server
    options = {**OPTIONS, "allow_http": endpoint.startswith("http://")}
    try:
        return Objects(store(bucket, config=config, client_options=options, retry_config=RETRIES), bucket)
    except Exception as error:  # noqa: BLE001 - its errors have no one base
        raise failed(error) from None
