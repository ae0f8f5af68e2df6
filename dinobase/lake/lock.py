"""One writer at a time for a connector, many readers always: held from BEGIN to COMMIT, by loads and by housekeeping.

Less than that was tried and loses: a lock around COMMIT alone commits on stale snapshots; on PostgreSQL deleted rows
come back (docs/architecture.md). A process that dies loses its locks at once: the file lock with its descriptor, the
advisory lock with its connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dinobase.core.errors import LakeError
from dinobase.core.secrets import redact
from dinobase.lake.location import LakeLocation


@contextmanager
def write_lock(location: LakeLocation, state: Path, *, timeout: float = 600.0) -> Iterator[None]:
    """Hold the right to write to this lake; seconds are waited for it before lake.locked is raised."""
    with _locked(location, state, "write", timeout):
        yield


@contextmanager
def sync_lock(location: LakeLocation, state: Path) -> Iterator[None]:
    """Hold the right to sync this connector: two at once would fetch everything twice; raises lake.locked at once."""
    with _locked(location, state, "sync", 0):
        yield


def sync_runs(name: str, state: Path) -> bool:
    """Tell whether a process of this machine syncs the connector; one that was killed does not."""
    path = state / f"{name}.sync.lock"
    if not path.exists():
        return False
    import filelock  # only where a run was not recorded as ended

    try:
        with filelock.FileLock(path, timeout=0, mode=0o600):
            return False
    except filelock.Timeout:
        return True
    except OSError:  # a folder that cannot be written: nobody syncs here
        return False


@contextmanager
def _locked(location: LakeLocation, state: Path, purpose: str, timeout: float) -> Iterator[None]:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The file lock comes first for PostgreSQL too: it spares the server the processes of one machine.
    with _file_lock(state / f"{location.name}.{purpose}.lock", location.name, purpose, timeout):
        if location.on_postgres:
            with _advisory_lock(location, purpose, timeout):
                yield
        else:
            yield


@contextmanager
def _file_lock(path: Path, name: str, purpose: str, timeout: float) -> Iterator[None]:
    import filelock  # 100 ms that only writers pay

    lock = filelock.FileLock(path, timeout=timeout, mode=0o600)
    try:
        lock.acquire(poll_interval=0.01)
    except filelock.Timeout:
        raise _busy(name, purpose) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_lock(location: LakeLocation, purpose: str, timeout: float) -> Iterator[None]:
    import psycopg

    key = int.from_bytes(
        hashlib.sha256(f"dinobase:{location.meta_schema}:{purpose}".encode()).digest()[:8], signed=True
    )
    try:
        with psycopg.connect(location.catalog, autocommit=True) as connection:
            if timeout <= 0:
                row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
                if row is None or not row[0]:
                    raise _busy(location.name, purpose)
            else:
                connection.execute(f"SET lock_timeout = {int(timeout * 1000)}")
                try:
                    connection.execute("SELECT pg_advisory_lock(%s)", (key,))
                except psycopg.errors.LockNotAvailable:
                    raise _busy(location.name, purpose) from None
            yield
    except psycopg.Error as error:
        raise LakeError(
            f"the catalog's PostgreSQL did not answer: {redact(str(error).strip().splitlines()[0])}",
            code="lake.catalog",
            hint="check `storage.catalog` in config.yaml, then `dinobase doctor`",
            retry=True,
            connector=location.name,
        ) from None


def _busy(name: str, purpose: str) -> LakeError:
    what = "synced" if purpose == "sync" else "written to"
    return LakeError(
        f"{name} is being {what} by another process",
        code="lake.locked",
        hint="wait for it to end (`dinobase status` shows what runs), then try again",
        retry=True,
        connector=name,
    )
