"""What could keep Dinobase from working, each with a remedy; a check never raises and never changes anything."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from dinobase.core import errors
from dinobase.core.clock import now
from dinobase.core.settings import Paths
from dinobase.spec import config, config_check
from dinobase.workspace.results import Checkup, Finding, count

_EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner", "httpfs")
_OLD_SPOOL_S = 3600
_LOW_DISK = 1 << 30
_NO_DISK = 1 << 20
_OLDEST = (3, 11)


def checkup(paths: Paths) -> Checkup:
    """Run every check."""
    checks: list[Callable[[Paths], Iterator[Finding]]] = [
        _python,
        _extensions,
        _folders,
        _disk,
        _config,
        _lakes,
        _contents,
        _keyring,
        _locks,
        _spools,
        _access,
        _definitions,
        _credentials,
        _captures,
    ]
    found = [finding for check in checks for finding in _safely(check, paths)]
    return Checkup(healthy=all(f.status != "fail" for f in found), checks=found)


def _safely(check: Callable[[Paths], Iterator[Finding]], paths: Paths) -> list[Finding]:
    name = check.__name__.strip("_")
    try:
        return list(check(paths))
    except errors.DinobaseError as error:
        return [Finding(name, "fail", error.message, error.hint)]
    except OSError as error:
        return [Finding(name, "fail", f"{error.strerror}: {error.filename}", "Check the rights of that place.")]


def _python(_: Paths) -> Iterator[Finding]:
    from dinobase import __version__

    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= _OLDEST
    yield Finding(
        "python",
        "ok" if good else "fail",
        f"{version} at {sys.executable}; dinobase {__version__}",
        "" if good else "Install Python 3.11 or newer, and dinobase in it.",
    )


def _extensions(_: Paths) -> Iterator[Finding]:
    from dinobase.lake.probe import loadable

    for name in _EXTENSIONS:
        problem = loadable(name)
        remedy = "Reinstall: pip install --force-reinstall dinobase" if problem else ""
        yield Finding(f"extension {name}", "fail" if problem else "ok", problem or "loads", remedy)


def _folders(paths: Paths) -> Iterator[Finding]:
    if not paths.root.exists():
        yield Finding("workspace", "warn", f"{paths.root} is not there yet", "dinobase init")
        return
    mode = paths.root.stat().st_mode & 0o777
    if not os.access(paths.root, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("workspace", "fail", f"{paths.root} cannot be written", f"chmod u+rwx {paths.root}")
    elif mode & 0o077:
        yield Finding("workspace", "warn", f"{paths.root} is open to others ({mode:o})", f"chmod 700 {paths.root}")
    else:
        yield Finding("workspace", "ok", f"{paths.root} is yours alone")
    if paths.credentials.exists():
        mode = paths.credentials.stat().st_mode & 0o777
        bad = bool(mode & 0o077)
        remedy = f"chmod 600 {paths.credentials}" if bad else ""
        yield Finding("credentials.json", "fail" if bad else "ok", f"mode {mode:o}", remedy)


def _disk(paths: Paths) -> Iterator[Finding]:
    place = next(p for p in (paths.root, *paths.root.parents) if p.exists())
    free = shutil.disk_usage(place).free
    status: Literal["ok", "warn", "fail"] = "fail" if free < _NO_DISK else "warn" if free < _LOW_DISK else "ok"
    remedy = "Free some space." if status != "ok" else ""
    yield Finding("disk", status, f"{free / (1 << 30):.1f} GB free", remedy)


def _config(paths: Paths) -> Iterator[Finding]:
    if not paths.config.exists():
        yield Finding("config.yaml", "ok", "not there, so everything is as by default")
        return
    loaded = config_check.validate_config(paths.config.read_bytes(), str(paths.config))
    for problem in loaded.errors:
        where = f"line {problem.line}: {problem.message}"
        yield Finding("config.yaml", "fail", where, problem.hint or "Correct that line.")
    for problem in loaded.warnings:
        yield Finding("config.yaml", "warn", f"line {problem.line}: {problem.message}", problem.hint)
    if loaded.config is not None:
        yield Finding("config.yaml", "ok", f"valid, {count(len(loaded.config.connectors), 'connector')}")


def _lakes(paths: Paths) -> Iterator[Finding]:
    from dinobase.lake.location import Storage
    from dinobase.lake.probe import probe_catalog, probe_storage

    settings = config.load_config(paths)
    storage = Storage(paths.lakes, settings.storage.url, settings.storage.catalog)
    for name, probe, remedy in (
        ("catalog", probe_catalog, "Check `storage.catalog` in config.yaml, and that the server runs."),
        ("storage", probe_storage, "Check `storage.url` in config.yaml, and the credentials of that bucket."),
    ):
        if paths.root.exists():
            detail, problem = probe(storage, paths.state)
            yield Finding(name, "fail" if problem else "ok", problem or detail, remedy if problem else "")


def _contents(paths: Paths) -> Iterator[Finding]:
    from dinobase.catalog.runs import RunLog
    from dinobase.lake.location import Storage
    from dinobase.lake.probe import unreadable

    settings = config.load_config(paths)
    names = sorted(settings.connectors)
    storage = Storage(paths.lakes, settings.storage.url, settings.storage.catalog)
    for name in names:
        problem = unreadable(storage.lake(name))
        remedy = f"Restore it from a backup, or fetch all anew: dinobase remove {name}, then add it again."
        yield Finding(f"lake {name}", "fail" if problem else "ok", problem or "readable", remedy if problem else "")
    try:
        RunLog(paths.state, settings.storage.catalog).last_syncs(names)
    except errors.LakeError as error:
        place = "the catalog's database" if settings.storage.catalog else paths.state / "records.db"
        remedy = f"Restore {place}, or move it away: it holds when what was synced, no rows."
        yield Finding("records", "fail", error.message, remedy)
    else:
        yield Finding("records", "ok", "readable")


def _keyring(_: Paths) -> Iterator[Finding]:
    from dinobase.spec.vault import keyring_name, working_keyring

    if working_keyring() is not None:
        yield Finding("keyring", "ok", f"{keyring_name()} keeps what it is given")
    else:
        yield Finding("keyring", "ok", "none works here; secrets are kept in credentials.json (0600)")


def _locks(paths: Paths) -> Iterator[Finding]:
    from dinobase.lake.probe import held_locks

    held = held_locks(paths.state)
    for name in held:
        yield Finding("locks", "warn", f"{name} is held by a running process", "Wait for it to end.")
    if not held:
        yield Finding("locks", "ok", "none is held")


def _spools(paths: Paths) -> Iterator[Finding]:
    folders = [p for p in paths.spool.glob("*/[!.]*") if p.is_dir()]
    old = [p.parent.name for p in folders if now().timestamp() - _newest(p) > _OLD_SPOOL_S]
    if old:
        what = f"checkpoints older than an hour: {', '.join(sorted(set(old)))}"
        yield Finding("spool", "warn", what, f"The next sync drops them: dinobase sync {min(old)}")
    else:
        yield Finding("spool", "ok", count(len(folders), "checkpoint") if folders else "empty")


def _newest(folder: Path) -> float:
    return max((p.stat().st_mtime for p in (folder, *folder.rglob("*"))), default=0.0)


def _access(paths: Paths) -> Iterator[Finding]:
    from dinobase.workspace.strays import strays

    found = list(strays(paths))
    for place, what in found:
        yield Finding(
            place, "warn", what, "Mend it in config.yaml: docs/access.md; a name that fits nothing hides nothing."
        )
    if not found:
        yield Finding("access", "ok", "every rule takes hold of something")


def _definitions(paths: Paths) -> Iterator[Finding]:
    from dinobase.spec import load
    from dinobase.sync import registry, sources

    connected = {c.type for c in config.load_config(paths).connectors.values()}
    own = {name for name, origin in sources.names(paths).items() if origin == "user"}
    for name in sorted(connected | own):
        path = registry.file_of(name, paths)
        if path is None and registry.is_python(name, paths):
            yield Finding(f"connector {name}", "ok", "comes with Dinobase")
            continue
        if path is None:
            remedy = f"Put {name}.yaml into {paths.connectors}, or remove the connectors that use it."
            yield Finding(f"connector {name}", "fail", "its file is not there", remedy)
            continue
        loaded = load.validate(path)
        if loaded.connector is None:
            what = f"{count(len(loaded.errors), 'problem')} in {path}"
            yield Finding(f"connector {name}", "fail", what, f"dinobase connector validate {name}")
        else:
            hides = ", hides the packaged one" if sources.shadows(name, paths) else ""
            yield Finding(f"connector {name}", "ok", f"valid{hides}")


def _credentials(paths: Paths) -> Iterator[Finding]:
    from dinobase.spec import credentials, load
    from dinobase.spec.resolve import resolve
    from dinobase.spec.vault import Vault
    from dinobase.sync import registry
    from dinobase.workspace import consents

    vault = Vault(paths)
    for name, entry in config.load_config(paths).connectors.items():
        path = registry.file_of(entry.type, paths)
        loaded = load.validate(path) if path else None
        known = registry.python_kind(entry.type, paths) or (loaded.connector if loaded else None)
        if known is None:
            continue
        try:
            answers = credentials.recall(name, known.credentials, vault, entry.params)
        except errors.DinobaseError as error:
            yield Finding(f"credentials {name}", "fail", error.message, error.hint)
            continue
        yield Finding(f"credentials {name}", "ok", "all there")
        if loaded is not None and loaded.connector is not None:
            connector = resolve(loaded.connector, credentials.values(known.credentials, answers))
            yield from consents.findings(connector, name, paths)


def _captures(paths: Paths) -> Iterator[Finding]:
    from dinobase.workspace import python_kinds

    yield from python_kinds.standings(config.load_config(paths), paths)
