"""A fault of ours as an error that can be reported; a full disk is one of the user's."""

from __future__ import annotations

import traceback
from pathlib import Path

from dinobase.core import settings
from dinobase.core.errors import DinobaseError, LakeError, ReadOnlyError
from dinobase.lake import disk


def fault_of(error: Exception) -> DinobaseError:
    """Return what is reported in place of an exception that nobody expected."""
    if isinstance(error, OSError):
        if disk.is_full(str(error), str(error.filename or "")):
            return disk.full()
        folder = settings.read_only(error)
        if folder:
            return ReadOnlyError(folder)
        of = f" ({error.filename})" if error.filename else ""
        hint = "`dinobase doctor` checks the workspace"
        return LakeError(f"{error.strerror or type(error).__name__}{of}", code="lake.files", hint=hint)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return DinobaseError(
        f"a fault in dinobase: {type(error).__name__}: {error}",
        hint="please report it with this message",
        where=f"{Path(place.filename).name}:{place.lineno} {place.name}",
    )
