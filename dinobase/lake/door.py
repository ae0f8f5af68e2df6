"""Files in a store that DuckDB does not speak to itself, under a scheme of their own on one instance.

A scheme is random and belongs to one connector, so two with different keys do not meet; what a query may open of it is
the list that `allowed_paths` holds. Every read says where it begins: threads of a query share one file.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, Protocol

from dinobase.core.errors import UsageError


class Store(Protocol):
    """A place with files; a path is the host or bucket, then the file's path in it. All calls come from any thread."""

    def found(self, pattern: str) -> list[tuple[str, int, datetime]]:
        """Return path, size and time of the last change of what a pattern matches; raises FetchError."""

    def size(self, path: str) -> int:
        """Return how many bytes a file has; raises FetchError."""

    def read(self, path: str, start: int, length: int) -> bytes:
        """Return bytes from a place on, fewer only at the end; raises FetchError."""

    def close(self) -> None:
        """Let go of what is open."""


class _File:
    """An open file as DuckDB reads one: it seeks and reads in two calls, from several threads."""

    def __init__(self, store: Store, path: str, size: int) -> None:
        self._store, self._path, self._size = store, path, size
        self._at = 0
        self._mine = threading.local()

    def seek(self, place: int, whence: int = 0) -> int:
        """Take a place for this thread's next read."""
        place += self._size if whence == 2 else self.tell() if whence == 1 else 0
        self._mine.at = self._at = place
        return place

    def tell(self) -> int:
        """Say where the next read begins."""
        at: int | None = getattr(self._mine, "at", None)
        return self._at if at is None else at

    def read(self, length: int = -1) -> bytes:
        """Read on from there."""
        at = self.tell()
        left = max(self._size - at, 0)
        wanted = left if length < 0 else min(length, left)
        data = self._store.read(self._path, at, wanted) if wanted else b""
        self._mine.at, self._at = None, at + len(data)
        return data

    def close(self) -> None:
        """Nothing is open."""


def door(scheme: str, store: Store) -> Any:
    """Return what DuckDB registers: a file system of fsspec's kind. Raises UsageError where fsspec is missing."""
    try:
        from fsspec import AbstractFileSystem
    except ImportError:
        raise missing("fsspec", "sftp,azure,gcs") from None

    sizes: dict[str, int] = {}  # as they were when a file was opened last: DuckDB asks right after it

    class _Door(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
        protocol = scheme
        cachable = False

        def open(self, path: str, mode: str = "rb", **_: Any) -> _File:
            if mode != "rb":
                raise PermissionError("files of a source are read only")
            sizes[path] = store.size(_inner(path))
            return _File(store, _inner(path), sizes[path])

        def size(self, path: str) -> int:
            return sizes[path] if path in sizes else store.size(_inner(path))

        def modified(self, path: str) -> datetime:
            found = store.found(_inner(path))
            return found[0][2] if found else datetime.fromtimestamp(0, UTC)

        def exists(self, path: str, **_: Any) -> bool:
            return bool(store.found(_inner(path)))

        def glob(self, path: str, **_: Any) -> list[str]:
            return [path]  # addresses come from a listing that was made before

    def _inner(path: str) -> str:
        return path.removeprefix(f"{scheme}://")

    return _Door()


def missing(package: str, extra: str) -> UsageError:
    """Return the error for a package that only some sources want."""
    return UsageError(
        f"{package} is not installed", code="extra.missing", hint=f"pip install 'dinobase[{extra}]'", package=package
    )
