"""Azure Blob Storage: `az://CONTAINER/PATH`, `abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dinobase.core.errors import CredentialMissing
from dinobase.core.settings import env
from dinobase.extract.readers import stores
from dinobase.extract.readers.stores.objects import OPTIONS, RETRIES, Objects, failed, store_types

ACCOUNT = ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGEACCOUNT", "AZURE_ACCOUNT_NAME")


def opened(path: str, values: Mapping[str, str]) -> Objects:
    """Open a container; what is not given is taken from the SDK's own AZURE_* variables."""
    store, _ = store_types("azure")
    container = stores.rest(path).partition("/")[0]
    config = settings(path, values)
    if "account_name" not in config and not any(env(name) for name in ACCOUNT):
        raise CredentialMissing(
            "which storage account the container is of is not said",
            hint="--account-name NAME, or AZURE_STORAGE_ACCOUNT_NAME, or abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/",
            missing=["account_name"],
        )
    options = {**OPTIONS, "allow_http": config.get("endpoint", "").startswith("http://")}
    try:
        return Objects(store(container, config=config, client_options=options, retry_config=RETRIES), container)
    except Exception as error:  # noqa: BLE001 - its errors have no one base
        raise failed(error) from None


def settings(path: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Return what obstore is opened with: a connection string of the environment, then the address, then values."""
    told = dict(part.split("=", 1) for part in (env("AZURE_STORAGE_CONNECTION_STRING") or "").split(";") if "=" in part)
    found = {
        "account_name": told.get("AccountName", ""),
        "account_key": told.get("AccountKey", ""),
        "sas_key": told.get("SharedAccessSignature", ""),
        "endpoint": told.get("BlobEndpoint", ""),
    }
    host = path.partition("://")[2].partition("/")[0].partition("@")[2]
    given = {
        "account_name": values.get("account_name") or host.partition(".")[0],
        "account_key": values.get("account_key", ""),
        "sas_key": values.get("sas_token", "").removeprefix("?"),
        "endpoint": values.get("endpoint_url", "").rstrip("/"),
    }
    if given["account_name"] or given["account_key"] or given["sas_key"]:  # another account: its key is not the first's
        other = given["account_name"] not in {"", found["account_name"]}
        own_key = bool(given["account_key"] or given["sas_key"])
        found = {k: v for k, v in found.items() if not (other or (own_key and k in {"account_key", "sas_key"}))}
    return {key: value for key, value in {**found, **{k: v for k, v in given.items() if v}}.items() if value}
