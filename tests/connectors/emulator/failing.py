"""Refusals as an API tells them that answers 200 to everything: by `client.errors`, in the body."""

from __future__ import annotations

from typing import Any, TypeAlias

from dinobase.kinds.failures import Errors
from tests.connectors.emulator.places import put, steps
from tests.servers.vendor import Reply

Json: TypeAlias = Any


def told(errors: Errors | None, reply: Reply) -> Reply:
    """Return an answer as the API gives it: a refusal that it has a word for inside a 200, and ok beside all else."""
    if errors is None:
        return reply
    word = next((word for word, status in errors.statuses.items() if status == reply.status), None)
    if word is not None:
        body: Json = put({}, steps(errors.error_path), word)
        return Reply(put(body, steps(errors.ok_path), False) if errors.ok_path else body, 200, reply.headers)
    if errors.ok_path and reply.status in {200, 204} and (reply.body is None or isinstance(reply.body, dict)):
        return Reply(put(reply.body or {}, steps(errors.ok_path), True), 200, reply.headers)
    return reply
