"""With which account and by which way a plan goes out, as a mark in the plan: another one is not what was approved.

The mark is slow to make and salted, since what it is made of holds credentials.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from dinobase.mutate.step import Step
from dinobase.mutate.values import Json, dumps
from dinobase.spec.models import Connector

SALT_BYTES = 16
_SCRYPT = {"n": 2**12, "r": 8, "p": 1}


def mark(connector: Connector, table: str, steps: Sequence[Step], salt: bytes) -> str:
    """Return the mark of everything that says where requests go, as whom, and what is read before and after."""
    client, resource = connector.client, connector.resource(table)
    found: list[Json] = [client.base_url, client.headers, client.auth.model_dump_json() if client.auth else ""]
    found += [f"{name} {auth.model_dump_json()}" for name, auth in sorted(connector.auth_methods.items())]
    if resource is not None:
        found += [resource.auth, resource.primary_key, resource.endpoint.base_url, resource.endpoint.headers]
        found += [resource.retrieve.model_dump_json() if resource.retrieve else ""]
    endpoints = {step.target.endpoint.name: step.target.endpoint for step in steps}
    found += [endpoint.model_dump_json() for endpoint in endpoints.values()]
    digest = hashlib.scrypt(dumps(found).encode(), salt=salt, dklen=32, n=_SCRYPT["n"], r=_SCRYPT["r"], p=_SCRYPT["p"])
    return f"{salt.hex()}:{digest.hex()}"


def fits(known: str, connector: Connector, table: str, steps: Sequence[Step]) -> bool:
    """Tell whether a mark is of this connector as it is now."""
    salt = bytes.fromhex(known.partition(":")[0])
    return hmac.compare_digest(mark(connector, table, steps, salt), known)
