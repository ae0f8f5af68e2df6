"""What a resource's requests are made of, said once: for the validator, the reading of spans and the catalogue."""

from __future__ import annotations

from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.template import strings
from dinobase.spec.models import Resource


def sent_by(resource: Resource) -> list[str]:
    """Return every text that goes into a resource's requests, placeholders as they are written."""
    endpoint = resource.endpoint
    parts = (
        endpoint.path,
        endpoint.params,
        endpoint.headers,
        endpoint.body,
        resource.variables,
        resource.arguments,
    )
    found = [text for part in parts for _, text in strings(part)]
    pager = endpoint.paginator
    if isinstance(pager, Cursor) and pager.continue_path and resource.incremental and resource.incremental.token_path:
        found.append("{incremental.start_value}")  # a listing goes on where the last one ended
    return found


def sends(resource: Resource, name: str) -> bool:
    """Tell whether a bound of the span (`incremental.end_value`) goes into a resource's requests."""
    return any(name in text for text in sent_by(resource))
