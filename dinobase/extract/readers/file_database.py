"""Databases that are one file: `--path FILE`, or `--connection-string kind:///FILE`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dinobase.core.errors import CredentialMissing, FetchError
from dinobase.extract.readers.options import SELECTION, Selection
from dinobase.spec.models import Credential

PATH = Credential(name="path", secret=False, required=False, help="The database's file.")
CONNECTION = Credential(
    name="connection_string", secret=False, required=False, help="kind:///relative or kind:////absolute, for --path."
)
CREDENTIALS = (PATH, CONNECTION, *SELECTION)


def settled(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values with the file's absolute path; raises CredentialMissing where none is named."""
    Selection.of(values)
    found = {key: value for key, value in values.items() if key != "connection_string"}
    path = found.get("path") or values.get("connection_string", "").partition(":///")[2]
    if not path:
        raise CredentialMissing(
            f"which file `{kind}` is to read is not said", hint=f"dinobase add {kind} --path FILE", missing=["path"]
        )
    found["path"] = str(Path(path).expanduser().absolute())
    return found


def existing(values: Mapping[str, str]) -> str:
    """Return the file's path; raises FetchError where there is no such file: a database would be made there."""
    path = Path(values["path"])
    if not path.is_file():
        raise FetchError(f"there is no file {path}", code="source.absent", hint="see whether it was moved")
    return str(path)
