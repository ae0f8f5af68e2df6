"""The person's own editor."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from dinobase.core import errors, settings


def open_editor(path: Path) -> None:
    """Open a file in $VISUAL or $EDITOR and wait until it is closed."""
    text = settings.env("VISUAL") or settings.env("EDITOR") or next(filter(shutil.which, ("nano", "vi")), "")
    words = shlex.split(text)
    if not words or shutil.which(words[0]) is None:
        what = f"`{words[0]}` is not there" if words else "No editor is set"
        raise errors.UsageError(what, hint=f"export EDITOR=..., or edit {path} and run `dinobase connector validate`.")
    code = subprocess.run([*words, str(path)], check=False).returncode  # noqa: S603 - the user's own command
    if code:
        raise errors.DinobaseError(f"The editor ended with {code}", code="editor.failed", hint=f"The file is {path}")
