"""Reading where nothing may be written: a SQLite file in WAL mode has to be readable without its helper files.

Where nothing waits in its log, a file is opened as one that does not change. Else, and for DuckDB always, it is copied
with its log into a folder of this user's own, once for each of its states.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dinobase.core.errors import LakeError
from dinobase.core.settings import can_write, env

_TRIES = 20
_OLD_S = 3600.0  # copies of earlier states, which a query may still be reading


def connect(file: str | Path) -> sqlite3.Connection:
    """Open a SQLite file for reading; raises sqlite3.Error."""
    path = os.fspath(file)
    connection = _open(path, "mode=ro")
    if can_write(os.path.dirname(path)):  # noqa: PTH120
        return connection
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        return _open(path, "mode=ro&immutable=1") if not _waiting(path) else _open(copied(path), "mode=ro")
    return connection


def readable(file: str) -> str:
    """Return a file that DuckDB can attach: this one, or a copy where its folder cannot be written."""
    return file if can_write(os.path.dirname(file)) else copied(file)  # noqa: PTH120


def copied(file: str) -> str:
    """Copy a SQLite file and what waits in its log; returns where it is now, one file that needs no others."""
    import hashlib  # all of these only where nothing can be written

    key = hashlib.sha256(file.encode()).hexdigest()[:16]
    folder = own_folder()
    for _ in range(_TRIES):
        before = _state(file)
        target = folder / f"{key}-{hashlib.sha256(repr(before).encode()).hexdigest()[:16]}.db"
        if target.exists() or _copy(file, target, before):
            _drop_older(folder, key, target)
            return str(target)
    raise LakeError(f"{file} changes faster than it can be copied", code="lake.busy", hint="Try again.", retry=True)


def own_folder() -> Path:
    """Return a folder in the system's temporary one that nobody else can read; made on first use."""
    import tempfile

    user = os.getuid() if hasattr(os, "getuid") else env("USERNAME")
    folder = Path(tempfile.gettempdir()) / f"dinobase-{user}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    facts = folder.lstat()
    mine = not hasattr(os, "getuid") or (facts.st_uid == os.getuid() and not facts.st_mode & 0o077)
    if stat.S_ISDIR(facts.st_mode) and mine:
        return folder
    return Path(tempfile.mkdtemp(prefix=f"dinobase-{user}-"))  # somebody else has taken the name


def _open(path: str, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(path)}?{how}", uri=True, timeout=30, isolation_level=None)


def _waiting(path: str) -> bool:
    try:
        return os.stat(f"{path}-wal").st_size > 0  # noqa: PTH116
    except OSError:
        return False


def _state(file: str) -> list[tuple[int, int, int]]:
    found = []
    for name in (file, f"{file}-wal"):
        with suppress(FileNotFoundError):
            facts = os.stat(name)  # noqa: PTH116
            found.append((facts.st_mtime_ns, facts.st_size, facts.st_ino))
    return found


def _copy(file: str, target: Path, before: Any) -> bool:
    """Copy; False where the file was changed meanwhile, for the parts of two states are no state."""
    import shutil

    draft = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    log = Path(f"{draft}-wal")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with suppress(FileNotFoundError):
            shutil.copyfile(f"{file}-wal", log)
        shutil.copyfile(file, draft)
        if _state(file) != before:
            return False
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        draft.replace(target)
    finally:
        for left in (draft, log, Path(f"{draft}-shm")):
            left.unlink(missing_ok=True)
    return True


def _drop_older(folder: Path, key: str, newest: Path) -> None:
    now = newest.stat().st_mtime
    for file in folder.glob(f"{key}-*"):
        with suppress(OSError):
            if file != newest and now - file.stat().st_mtime > _OLD_S:
                file.unlink()
