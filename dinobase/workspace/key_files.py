"""A key file is kept by where it is from everywhere: a later run, or the scheduler, stands in another folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dinobase.kinds.auth.google_service_account import GoogleServiceAccount
from dinobase.spec.credentials import Answer
from dinobase.spec.vault import is_reference

if TYPE_CHECKING:
    from dinobase.spec.models import Connector


def placed(connector: Connector, answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
    """Return the answers with the paths of key files made absolute; a key file's text stays as it is."""
    kinds = (connector.client.auth, *connector.auth_methods.values())
    templates = {kind.key_file for kind in kinds if isinstance(kind, GoogleServiceAccount)}
    return {
        name: _absolute(answer) if f"{{{name}}}" in templates and not is_reference(answer.stored) else answer
        for name, answer in answers.items()
    }


def _absolute(answer: Answer) -> Answer:
    if not answer.value or answer.value.lstrip().startswith("{"):
        return answer
    path = str(Path(answer.value.strip()).expanduser().absolute())
    return replace(answer, stored=path, value=path)
