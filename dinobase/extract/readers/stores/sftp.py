"""Files behind SSH: `sftp://USER@HOST:PORT/PATH`. A host whose key is not known is refused, not trusted at sight."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from dinobase.core.errors import FetchError, FetchRefused
from dinobase.core.secrets import redact
from dinobase.extract.readers.stores.matching import Pattern
from dinobase.lake.door import missing

if TYPE_CHECKING:
    from paramiko import SFTPAttributes, SFTPClient, SFTPFile, SSHClient

_WAIT = 30.0
_CHUNK = 1 << 15
_AHEAD = 64  # requests that are on their way at once
_OPEN_FILES = 8


class Sftp:
    """One connection; requests go one after another, each asks for many blocks at once."""

    def __init__(self, client: SSHClient, sftp: SFTPClient, host: str) -> None:
        self._client, self._sftp, self._host = client, sftp, host
        self._lock = threading.Lock()
        self._files: dict[str, SFTPFile] = {}

    def found(self, pattern: str) -> list[tuple[str, int, datetime]]:
        """Return path, size and time of the last change of what a pattern matches; raises FetchError."""
        wanted = Pattern.of(pattern)
        with self._lock, _told(pattern):
            if wanted.takes is None:
                try:
                    about = self._sftp.stat(self._path(pattern))
                except FileNotFoundError:
                    return []
                return [(pattern, *_facts(about))] if _is_file(about) else []
            walked = self._walk(wanted.root.rstrip("/"), wanted.depth)
            return [(path, *_facts(about)) for path, about in walked if wanted.matches(path)]

    def size(self, path: str) -> int:
        """Return how many bytes a file has; raises FetchError."""
        with self._lock, _told(path):
            return _facts(self._sftp.stat(self._path(path)))[0]

    def read(self, path: str, start: int, length: int) -> bytes:
        """Return bytes from a place on; raises FetchError."""
        with self._lock, _told(path):
            file = self._opened(path)
            blocks = [(start + at, min(_CHUNK, length - at)) for at in range(0, length, _CHUNK)]
            if len(blocks) == 1:
                file.seek(start)
                return bytes(file.read(length))
            return b"".join(file.readv(blocks, max_concurrent_prefetch_requests=_AHEAD))

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _opened(self, path: str) -> SFTPFile:
        file = self._files.pop(path, None)
        if file is None:
            while len(self._files) >= _OPEN_FILES:
                self._files.pop(next(iter(self._files))).close()
            file = self._sftp.open(self._path(path), "rb")
        self._files[path] = file
        return file

    def _walk(self, folder: str, depth: int | None) -> Iterator[tuple[str, SFTPAttributes]]:
        try:
            entries = self._sftp.listdir_attr(self._path(folder))
        except FileNotFoundError:
            return
        for about in sorted(entries, key=lambda e: e.filename):
            path = f"{folder}/{about.filename}"
            found = about
            if stat.S_ISLNK(about.st_mode or 0):
                with suppress(OSError):  # it leads nowhere
                    found = self._sftp.stat(self._path(path))
            if _is_file(found):
                yield path, found
            elif (
                stat.S_ISDIR(about.st_mode or 0) and depth != 0
            ):  # links to folders are not followed: they may go round
                yield from self._walk(path, None if depth is None else depth - 1)

    def _path(self, path: str) -> str:
        return str(PurePosixPath("/" + path.removeprefix(self._host).lstrip("/")))


def opened(path: str, values: Mapping[str, str]) -> Sftp:
    """Connect; raises FetchError, FetchRefused where the host is not known or lets nobody in with what is given."""
    try:
        import paramiko
    except ImportError:
        raise missing("paramiko", "sftp") from None
    address = urlsplit(path)
    host, port = address.hostname or "", address.port or 22
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        known = values.get("known_hosts", "")
        with suppress(FileNotFoundError):
            client.load_system_host_keys(known or str(Path("~/.ssh/known_hosts").expanduser()))
        given: dict[str, Any] = {
            "username": values.get("user") or unquote(address.username or "") or getuser(),
            "password": values.get("password") or None,
            "passphrase": values.get("key_passphrase") or None,
            "key_filename": values.get("key_file") or None,
        }
        chosen = bool(given["password"] or given["key_filename"])
        client.connect(
            host, port, **given, allow_agent=not chosen, look_for_keys=not chosen,
            timeout=_WAIT, banner_timeout=_WAIT, auth_timeout=_WAIT, channel_timeout=_WAIT,
        )  # fmt: skip
        sftp = client.open_sftp()
        channel = sftp.get_channel()
        assert channel is not None
        channel.settimeout(_WAIT)
    except paramiko.BadHostKeyException:
        client.close()
        raise FetchRefused(
            f"{host}:{port} shows another key than the one it is known by",
            code="sftp.host_key",
            hint="Somebody may stand between; ask whoever runs it, then replace its line in known_hosts.",
        ) from None
    except paramiko.AuthenticationException as error:
        client.close()
        raise FetchRefused(
            f"{host}:{port} lets {given['username']} not in: {redact(str(error))}",
            hint="--user, and --password or --key-file (with --key-passphrase); without these the agent and ~/.ssh",
        ) from None
    except (OSError, paramiko.SSHException, ValueError) as error:
        client.close()
        raise _unreachable(host, port, error, values.get("known_hosts", "")) from None
    return Sftp(client, sftp, host)


def _unreachable(host: str, port: int, error: Exception, known: str) -> FetchError:
    text = redact(str(error)) or type(error).__name__
    if "not found in known_hosts" in text:
        where = known or "~/.ssh/known_hosts"
        name = host if port == 22 else f"[{host}]:{port}"
        return FetchRefused(
            f"the key of {name} stands not in {where}",
            code="sftp.host_key",
            hint=f"Compare and add it: ssh-keyscan -p {port} {host} >> {where}; or --known-hosts FILE",
        )
    return FetchError(
        f"{host}:{port} cannot be reached: {text}", code="source.failed", hint="see whether it is up and speaks SFTP"
    )


class _told:  # noqa: N801 - reads as a word of `with`
    """Maps what a connection may say to our errors."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise FetchError in place of theirs."""
        if isinstance(error, PermissionError):
            raise FetchRefused(f"{self._path} may not be read", hint="see the rights of the file there") from None
        if isinstance(error, Exception) and not isinstance(error, FetchError):
            text = redact(str(error)) or type(error).__name__
            raise FetchError(
                f"{self._path} cannot be read: {text}",
                code="source.failed",
                hint="see whether the server still answers",
            ) from None


def _is_file(about: SFTPAttributes) -> bool:
    return stat.S_ISREG(about.st_mode or 0)


def _facts(about: SFTPAttributes) -> tuple[int, datetime]:
    return about.st_size or 0, datetime.fromtimestamp(about.st_mtime or 0, UTC)
