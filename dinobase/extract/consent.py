"""Whether a person's consent is wanting: a note beside the tokens, so that `status` need not ask anybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, NamedTuple

from dinobase.core.clock import iso, now
from dinobase.core.secrets import redact
from dinobase.spec.vault import write_private

State = Literal["missing", "revoked"]


class Note(NamedTuple):
    """`remedy` is the command that brings the access back."""

    state: State
    detail: str
    remedy: str


class Consent:
    """The note of one instance; none is there where all is well."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self._file = state_dir / f"{name}.consent"

    def read(self) -> Note | None:
        """Return what is wanting and why."""
        try:
            said = json.loads(self._file.read_text(encoding="utf-8"))
            return Note(said["state"], str(said["detail"]), str(said["remedy"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def say(self, state: State, detail: str, remedy: str) -> None:
        """Note that the access is `missing` or `revoked`."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = {"state": state, "detail": redact(detail), "remedy": remedy, "since": iso(now())}
        write_private(self._file, json.dumps(said) + "\n")

    def clear(self) -> None:
        """Take the note away."""
        self._file.unlink(missing_ok=True)
