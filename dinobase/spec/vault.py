"""Where credentials rest: secrets in the OS keyring where one works, all else in a 0600 file; never in config.yaml."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from dinobase.core import errors, settings
from dinobase.core.clock import new_id

_LOCK_WAIT = 30.0
_TOKEN = "@"  # noqa: S105 - begins the name of a kept token; no credential's name does


class Ring(Protocol):
    """What we use of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Drop a secret; raises where there is none."""


class Vault:
    """The credentials of one workspace, by connector.

    The file is also the index: `{"stripe": {"api_key": {"keyring": true}, "other": {"value": "..."}}}`. Tokens that a
    person allowed rest beside the credentials that they were had with.
    """

    def __init__(self, paths: settings.Paths) -> None:
        self._paths = paths
        self._file = paths.credentials
        self._service = f"dinobase {paths.root}"

    def get(self, connector: str) -> dict[str, str]:
        """Return the credentials; raises where the keyring no longer has what the index names."""
        found: dict[str, str] = {}
        for name, entry in self._read().get(connector, {}).items():
            if name.startswith(_TOKEN):
                continue
            if not entry.get("keyring"):
                found[name] = str(entry.get("value", ""))
                continue
            value = _ask(self._service, f"{connector}/{name}")
            if value is None:
                raise errors.CredentialMissing(
                    f"The system keyring has no `{name}` for `{connector}` any more",
                    code="credential.keyring",
                    hint=f"Add it again: dinobase add {connector} --replace",
                    connector=connector,
                    credential=name,
                )
            found[name] = value
        return found

    def where(self, connector: str) -> str:
        """Say where the secrets of a connector rest: `keyring`, `file`, or `` where none do."""
        entries = self._read().get(connector, {}).values()
        if any(e.get("keyring") for e in entries):
            return "keyring"
        return "file" if entries else ""

    def put(self, connector: str, items: Mapping[str, str]) -> str:
        """Replace a connector's credentials; returns `keyring` or `file`, whichever holds the secrets."""
        with self._locked():
            index = self._read()
            tokens = {name: entry for name, entry in index.get(connector, {}).items() if name.startswith(_TOKEN)}
            self._drop(connector, index, but=tokens)
            ring = working_keyring() if any(not is_reference(value) for value in items.values()) else None
            entries: dict[str, dict[str, Any]] = dict(tokens)
            for name, value in items.items():
                if ring is not None and not is_reference(value):
                    ring.set_password(self._service, f"{connector}/{name}", value)
                    entries[name] = {"keyring": True}
                else:
                    entries[name] = {"value": value}
            if entries:
                index[connector] = entries
            self._write(index)
        return "keyring" if ring is not None else "file"

    def token(self, connector: str, key: str) -> str:
        """Return a kept token, or '' where there is none."""
        entry = self._read().get(connector, {}).get(_TOKEN + key)
        if entry is None:
            return ""
        if entry.get("keyring"):
            return _ask(self._service, f"{connector}/{_TOKEN}{key}") or ""
        return str(entry.get("value", ""))

    def keep_token(self, connector: str, key: str, text: str) -> None:
        """Keep a token, on disk when this returns; a keyring that fails is no reason to lose it."""
        name = _TOKEN + key
        with self._locked():
            index = self._read()
            entries = index.setdefault(connector, {})
            ring = working_keyring()
            if ring is not None:
                with contextlib.suppress(Exception):  # backends raise what they like: it goes into the file then
                    ring.set_password(self._service, f"{connector}/{name}", text)
                    if entries.get(name) == {"keyring": True}:
                        return
                    entries[name] = {"keyring": True}
                    self._write(index)
                    return
            entries[name] = {"value": text}
            self._write(index)

    def drop_tokens(self, connector: str, *, but: Container[str] = ()) -> None:
        """Forget the tokens of a connector, except under these keys."""
        with self._locked():
            index = self._read()
            entries = index.get(connector, {})
            kept = {n: e for n, e in entries.items() if not n.startswith(_TOKEN) or n.removeprefix(_TOKEN) in but}
            if kept != entries:
                self._drop(connector, index, but=kept)
                index |= {connector: kept} if kept else {}
                self._write(index)

    def delete(self, connector: str) -> None:
        """Forget a connector."""
        with self._locked():
            index = self._read()
            if connector in index:
                self._drop(connector, index)
                self._write(index)

    def _drop(self, connector: str, index: dict[str, dict[str, dict[str, Any]]], *, but: Container[str] = ()) -> None:
        for name, entry in index.pop(connector, {}).items():
            if entry.get("keyring") and name not in but:
                with contextlib.suppress(Exception):  # gone already, or the keyring is: nothing left to forget
                    _keyring().delete_password(self._service, f"{connector}/{name}")

    def _read(self) -> dict[str, dict[str, dict[str, Any]]]:
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            data = json.loads(text)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise errors.RequestError(
                f"{self._file} is not the JSON that Dinobase wrote",
                code="credential.file",
                hint="Restore it, or delete it and add the connectors again with --replace.",
                file=str(self._file),
            )
        return data

    def _write(self, index: Mapping[str, object]) -> None:
        self._paths.make(self._paths.root)
        write_private(self._file, json.dumps(index, indent=1, sort_keys=True) + "\n")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout  # start-up: only `add` and `remove` write

        lock = FileLock(str(self._paths.make(self._paths.state) / "credentials.lock"), timeout=_LOCK_WAIT)
        try:
            with lock:
                yield
        except Timeout:
            raise errors.DinobaseError(
                "Another process is writing the credentials",
                code="credential.locked",
                hint="Try again; `dinobase doctor` shows what holds the lock.",
                retry=True,
            ) from None


def is_reference(value: str) -> bool:
    """`${VAR}` as a whole: read from the environment at each run."""
    return value.startswith("${") and value.endswith("}") and len(value) > len("${}")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner reads; a reader sees the old or the new text, never half of one."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(file)
        _sync_folder(file.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Have the new name on disk too, where a folder can be opened at all."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def working_keyring() -> Ring | None:
    """Return the OS keyring if a secret put into it comes back, else None."""
    probe, value = new_id("probe"), new_id("value")
    try:
        ring = _keyring()
        if getattr(ring, "priority", 1) <= 0:
            return None
        ring.set_password("dinobase", probe, value)
        same = ring.get_password("dinobase", probe) == value
        ring.delete_password("dinobase", probe)
    except Exception:  # noqa: BLE001 - backends raise what they like; any failure means "not usable"
        return None
    return ring if same else None


def keyring_name() -> str:
    """Name the backend that the keyring library chose, for `doctor`."""
    return str(getattr(_keyring(), "name", "")) or type(_keyring()).__name__


def _keyring() -> Ring:
    import keyring  # start-up: 110 ms that only credentials need

    return cast("Ring", keyring.get_keyring())


def _ask(service: str, username: str) -> str | None:
    try:
        return _keyring().get_password(service, username)
    except Exception as error:
        raise errors.DinobaseError(
            f"The system keyring did not answer: {error}",
            code="credential.keyring",
            hint="Unlock it, or set PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring and add with --replace.",
        ) from error
