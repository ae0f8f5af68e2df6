"""One writer at a time for a connector, many readers always: held from BEGIN to COMMIT, by loads and by housekeeping.

Less than that was tried and loses: a lock around COMMIT alone commits on stale snapshots; on PostgreSQL deleted rows
come back (docs/architecture.md). A process that dies loses its locks at once: the file lock with its descriptor, the
advisory lock with its connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from dinobase.core.errors import LakeError
from dinobase.core.secrets import redact
from dinobase.lake.location import LakeLocation

if TYPE_CHECKING:
    import psycopg

Held: TypeAlias = Callable[[], None]  # raises lake.lock_lost where the lock is not held any more


@contextmanager
def write_lock(location: LakeLocation, state: Path, *, timeout: float = 600.0) -> Iterator[Held]:
    """Hold the right to write to this lake; seconds are waited for it before lake.locked is raised."""
    with _locked(location, state, "write", timeout) as held:
        yield held


@contextmanager
def sync_lock(location: LakeLocation, state: Path) -> Iterator[None]:
    """Hold the right to sync this connector: two at once would fetch everything twice; raises lake.locked at once."""
    with _locked(location, state, "sync", 0):
        yield


@contextmanager
def work_lock(name: str, catalog: str, state: Path) -> Iterator[None]:
    """Hold the right to one named piece of work, on every machine of a shared catalog; raises lake.locked at once."""
    with _locked(LakeLocation(name, catalog, ""), state, "work", 0):
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
def _locked(location: LakeLocation, state: Path, purpose: str, timeout: float) -> Iterator[Held]:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The file lock comes first for PostgreSQL too: it spares the server the processes of one machine.
    with _file_lock(state / f"{location.name}.{purpose}.lock", location.name, purpose, timeout):
        if location.on_postgres:
            with _advisory_lock(location, purpose, timeout) as held:
                yield held
        else:
            yield _as_long_as_we_live


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


def _as_long_as_we_live() -> None:
    return


@contextmanager
def _advisory_lock(location: LakeLocation, purpose: str, timeout: float) -> Iterator[Held]:
    import psycopg

    key = int.from_bytes(
        hashlib.sha256(f"dinobase:{location.meta_schema}:{purpose}".encode()).digest()[:8], signed=True
    )
    try:
        connection = psycopg.connect(location.catalog, autocommit=True)
    except psycopg.Error as error:
        raise _no_answer(location, error) from None
    try:
        _take(connection, location, key, purpose, timeout)
        yield lambda: _check(connection, location, key)
    finally:
        with suppress(psycopg.Error):  # a lock that is gone is given back; what was committed stays so
            connection.close()


def _take(connection: psycopg.Connection[Any], location: LakeLocation, key: int, purpose: str, timeout: float) -> None:
    import psycopg

    try:
        if timeout <= 0:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
            if row is None or not row[0]:
                raise _busy(location.name, purpose)
        else:
            connection.execute(f"SET lock_timeout = {int(timeout * 1000)}".encode())
            connection.execute("SELECT pg_advisory_lock(%s)", (key,))
    except psycopg.errors.LockNotAvailable:
        raise _busy(location.name, purpose) from None
    except psycopg.Error as error:
        raise _no_answer(location, error) from None


def _check(connection: psycopg.Connection[Any], location: LakeLocation, key: int) -> None:
    """Ask the server itself: behind a pooler the next statement may be another session's, which holds nothing."""
    import psycopg

    mine = (
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() "
        "AND ((classid::bigint << 32) | objid::bigint) = %s AND objsubid = 1"
    )
    try:
        held = connection.execute(mine, (key,)).fetchone() is not None
    except psycopg.Error:
        held = False
    if not held:
        raise LakeError(
            f"the connection that held the lock on {location.name} was cut; nothing was committed",
            code="lake.lock_lost",
            hint="run it again; where it keeps happening, look at the network to PostgreSQL, idle timeouts and poolers",
            retry=True,
            connector=location.name,
        )


def _no_answer(location: LakeLocation, error: Exception) -> LakeError:
    return LakeError(
        f"the catalog's PostgreSQL did not answer: {redact(str(error).strip().splitlines()[0])}",
        code="lake.catalog",
        hint="check `storage.catalog` in config.yaml, then `dinobase doctor`",
        retry=True,
        connector=location.name,
    )


def _busy(name: str, purpose: str) -> LakeError:
    what = "synced" if purpose == "sync" else "written to"
    return LakeError(
        f"{name} is being {what} by another process",
        code="lake.locked",
        hint="wait for it to end (`dinobase status` shows what runs), then try again",
        retry=True,
        connector=name,
    )
