"""`forget`: a record leaves the lake and everything that was made of it - journal, results, spools, index, reports."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dinobase.catalog.profiles import ProfileBook
from dinobase.catalog.relations import files as sketches
from dinobase.core.clock import now
from dinobase.core.errors import QueryError
from dinobase.core.settings import Paths
from dinobase.lake import forget as lake
from dinobase.lake.location import Storage
from dinobase.load.write import WRITTEN
from dinobase.mutate import forgetting as journal

_LEFT = 3600.0  # seconds after which a file of a temporary folder is nobody's


@dataclass(frozen=True, slots=True)
class Forgotten:
    """`rows` is 0 where the table had no such record any more; `mutations` keep their facts alone from now on."""

    table: str
    rows: int
    versions_dropped: int
    files_removed: int
    mutations: int
    results: int


def forget(name: str, key: Sequence[str], storage: Storage, paths: Paths) -> Forgotten:
    """Take a record out; the source has it still, and a sync would bring it back."""
    connector, dot, table = name.partition(".")
    if not dot or not table:
        raise QueryError(f"`{name}` is no table", code="unknown.table", hint="Write connector.table.")
    temp = paths.cache / "tmp" / f"forget-{os.getpid()}"
    shutil.rmtree(paths.spool / connector, ignore_errors=True)
    done = lake.forget(storage.lake(connector), paths.state, table, key, temp=temp, memory=_without)
    mutations = journal.forget(paths.state, storage.catalog, connector, done.table, done.key, done.values)
    results = _results(paths, connector)
    ProfileBook(paths.state, storage.catalog).forget(connector)
    sketches.forget(paths, connector)
    _derived(paths, done.values)
    return Forgotten(f"{connector}.{done.table}", done.rows, done.versions, done.files, mutations, results)


def _without(memory: Mapping[str, str], key: Sequence[str]) -> Mapping[str, str]:
    """Return a table's memory without the record among those that were written back."""
    if WRITTEN not in memory:
        return memory
    kept = [entry for entry in json.loads(memory[WRITTEN]) if entry[1] != list(key)]
    return {**memory, WRITTEN: json.dumps(kept)}


def _results(paths: Paths, connector: str) -> int:
    """Drop the kept results that were made of the connector's tables."""
    count = 0
    for note in (paths.state / "handles").glob("*/*.json"):
        try:
            sources = json.loads(note.read_text(encoding="utf-8"))["sources"]
        except (OSError, ValueError, KeyError):
            sources = []
        if not sources or any(source["table"].partition(".")[0] == connector for source in sources):
            note.with_suffix(".parquet").unlink(missing_ok=True)
            note.unlink(missing_ok=True)
            count += 1
    return count


def _derived(paths: Paths, values: Sequence[str]) -> None:
    """Drop the index of searches, what killed processes have left, and crash reports that name the record."""
    for file in paths.cache.glob("catalog-*.db*"):
        file.unlink(missing_ok=True)
    for folder in _left(paths):
        shutil.rmtree(folder, ignore_errors=True)
    spelt = [spelling.encode() for value in values for spelling in journal.spellings(value)]
    for file in paths.state.glob("crash-*"):
        with suppress(OSError):
            data = file.read_bytes()
            if any(value in data for value in spelt):
                file.unlink()


def _left(paths: Paths) -> Iterator[Path]:
    for place in (paths.spool / "writes", paths.cache / "tmp", paths.state / "tmp"):
        for found in place.glob("*"):
            process = found.name.rpartition("-")[2]
            with suppress(OSError):
                old = now().timestamp() - found.stat().st_mtime > _LEFT
                if process == str(os.getpid()) or (not _runs(process) if process.isdigit() else old):
                    yield found


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
