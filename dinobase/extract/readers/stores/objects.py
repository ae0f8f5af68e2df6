"""Blobs of Azure and objects of Google Cloud Storage, both through obstore: it signs, retries and reads ranges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from dinobase.core.errors import FetchError, FetchRefused
from dinobase.core.secrets import redact
from dinobase.extract.readers.stores.matching import Pattern
from dinobase.lake.door import missing

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore

T = TypeVar("T")
_REFUSED = ("Unauthenticated", "PermissionDenied", "401 Unauthorized", "403 Forbidden", "AuthenticationFailed")
_SHOWN = 300
OPTIONS: Any = {"timeout": "60s", "connect_timeout": "20s"}
RETRIES: Any = {"max_retries": 3}


class Objects:
    """One container or bucket."""

    def __init__(self, store: AzureStore | GCSStore, bucket: str) -> None:
        self._store, self._bucket = store, bucket

    def found(self, pattern: str) -> list[tuple[str, int, datetime]]:
        """Return path, size and time of the last change of what a pattern matches; raises FetchError."""
        import obstore

        wanted = Pattern.of(pattern)
        if wanted.takes is None:
            try:
                about = obstore.head(self._store, self._key(pattern))
            except FileNotFoundError:
                return []
            except Exception as error:  # noqa: BLE001 - its errors have no one base
                raise failed(error) from None
            return [(pattern, about["size"], about["last_modified"].astimezone(UTC))]
        found = []
        try:
            for chunk in obstore.list(self._store, self._key(wanted.root) or None, chunk_size=1000):
                for about in chunk:
                    path = f"{self._bucket}/{about['path']}"
                    if wanted.matches(path):
                        found.append((path, about["size"], about["last_modified"].astimezone(UTC)))
        except Exception as error:  # noqa: BLE001 - its errors have no one base
            raise failed(error) from None
        return found

    def size(self, path: str) -> int:
        """Return how many bytes an object has; raises FetchError."""
        import obstore

        return _asked(lambda: int(obstore.head(self._store, self._key(path))["size"]))

    def read(self, path: str, start: int, length: int) -> bytes:
        """Return bytes from a place on; raises FetchError."""
        import obstore

        return _asked(lambda: bytes(obstore.get_range(self._store, self._key(path), start=start, length=length)))

    def close(self) -> None:
        """Nothing is open."""

    def _key(self, path: str) -> str:
        return path.removeprefix(self._bucket).strip("/")


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - its errors have no one base
        raise failed(error) from None


def failed(error: Exception) -> FetchError:
    """Map what the library says to our errors, without what is secret."""
    text = str(error)
    first = redact(" ".join(text.split("\n\nDebug source", maxsplit=1)[0].split()))[:_SHOWN]
    kind = type(error).__name__
    if kind in {"UnauthenticatedError", "PermissionDeniedError"} or any(word in text for word in _REFUSED):
        return FetchRefused(f"the store refuses: {first}", hint="see its key, and whether it may list and read")
    return FetchError(
        f"the store answers with an error: {first}", code="source.failed", hint="see whether it is there and answers"
    )


def store_types(extra: str) -> tuple[Any, Any]:
    """Return the classes for Azure and Google; raises UsageError where the library is missing."""
    try:
        from obstore.store import AzureStore, GCSStore
    except ImportError:
        raise missing("obstore", extra) from None
    return AzureStore, GCSStore
