"""Setting a client up: its file is merged into, kept as it was beside it, and left alone where nothing would change."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dinobase.agents import jsonc, toml
from dinobase.agents.clients import CLIENTS, Client, Command
from dinobase.core.clock import now
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import Paths, paths

SKILLS = Path(__file__).parent / "skills"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one file; `backup` is what it was before."""

    file: str
    change: str
    backup: str | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """A client that was set up, or whose set-up was taken back."""

    client: str
    installed: bool
    changes: Sequence[Change]
    next: str = ""


def command(workspace: Paths) -> Command:
    """Return how this very installation is started, for this very workspace."""
    script = Path(sys.executable).with_name("dinobase.exe" if sys.platform == "win32" else "dinobase")
    start = (str(script), ["serve"]) if script.is_file() else (sys.executable, ["-m", "dinobase", "serve"])
    usual = workspace.root == Path.home() / ".dinobase"
    return Command(*start, {} if usual else {"DINOBASE_DIR": str(workspace.root)})


def snippet(client: Client, started: Command) -> str:
    """Return what a person would paste into the client's file."""
    if client.syntax == "toml":
        return toml.put("", client.keys, client.entry(started))
    return jsonc.put("", client.keys, client.entry(started))


def install(client: Client, home: Path, started: Command, *, skills: bool = True) -> Installed:
    """Merge our entry into the client's file, and put the skills into its folder."""
    file = client.file(home)
    edit = toml.put if client.syntax == "toml" else jsonc.put
    entry = client.entry(started)
    changes = [_edit(file, lambda text: edit(text, client.keys, entry))]
    if skills and client.skills:
        changes += [_put_skill(source, home.joinpath(*client.skills)) for source in _skills()]
    return Installed(client.name, installed=True, changes=changes, next=client.restart or f"Start {client.title} anew.")


def uninstall(client: Client, home: Path) -> Installed:
    """Take our entry out of the client's file, and our skills out of its folder where nobody has changed them."""
    file = client.file(home)
    edit = toml.drop if client.syntax == "toml" else jsonc.drop
    changes = [_edit(file, lambda text: edit(text, client.keys))] if file.is_file() else []
    if client.skills and not any(_set_up(other, home) for other in CLIENTS if other.skills == client.skills):
        folder = home.joinpath(*client.skills)
        changes += [_drop_skill(source, folder) for source in _skills() if (folder / source.name).is_dir()]
    return Installed(client.name, installed=False, changes=changes)


def _set_up(client: Client, home: Path) -> bool:
    """Tell whether a client knows the server: its skills may be another's too."""
    try:
        found = _data(client.file(home).read_text(encoding="utf-8"))
        for key in client.keys:
            found = found[key]  # type: ignore[index]  # anything that is no mapping means that it does not
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def _edit(file: Path, change: Callable[[str], str]) -> Change:
    there = file.is_file()
    real = file.resolve()  # a link into somebody's dotfiles stays one
    try:
        before = real.read_text(encoding="utf-8") if there else ""
        after = change(before)
    except (jsonc.NotJsonError, ValueError) as error:
        raise DinobaseError(
            f"{file} cannot be changed: {error}",
            code="install.file",
            hint="Mend it, or add what `dinobase mcp-config` prints by hand.",
            file=str(file),
        ) from None
    if after == before or (there and _data(before) == _data(after)):
        return Change(str(file), "unchanged")
    backup = None
    if there:
        backup = real.with_name(f"{real.name}.{now():%Y%m%dT%H%M%S%f}.bak")
        shutil.copy2(real, backup)
    _replace(real, after)
    return Change(str(file), "changed" if there else "created", str(backup) if backup else None)


def _data(text: str) -> object:
    try:
        return jsonc.read(text)
    except jsonc.NotJsonError:
        import tomllib

        return tomllib.loads(text)


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
        out.write(text)
    if file.exists():
        shutil.copymode(file, name)
    Path(name).replace(file)


def _skills() -> list[Path]:
    return sorted(folder for folder in SKILLS.iterdir() if (folder / "SKILL.md").is_file())


def _put_skill(source: Path, folder: Path) -> Change:
    text = (source / "SKILL.md").read_text(encoding="utf-8")
    file = folder / source.name / "SKILL.md"
    there = file.is_file()
    if there and file.read_text(encoding="utf-8") == text:
        return Change(str(file), "unchanged")
    backup = None
    if there:
        backup = file.with_name(f"{file.name}.{now():%Y%m%dT%H%M%S%f}.bak")
        shutil.copy2(file, backup)
    _replace(file, text)
    return Change(str(file), "changed" if there else "created", str(backup) if backup else None)


def _drop_skill(source: Path, folder: Path) -> Change:
    file = folder / source.name / "SKILL.md"
    if file.is_file() and file.read_text(encoding="utf-8") != (source / "SKILL.md").read_text(encoding="utf-8"):
        return Change(str(file), "kept, as it was changed")
    file.unlink(missing_ok=True)
    if not any(file.parent.iterdir()):
        file.parent.rmdir()
    return Change(str(file), "removed")


def workspace() -> Paths:
    """Return the workspace that a client is to serve."""
    return paths()
