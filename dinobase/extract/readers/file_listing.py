"""Which files there are, what each one is called here, and which of them make one table.

A file is known by its place under the folder that was named, and taken for changed where size or time differ; one that
was changed within the last moments has no time yet, so that it is read again: clocks are coarse. A link that leads out
of what was named is not followed: whoever may put a file there would read whatever we can.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import glob, has_magic
from pathlib import Path, PurePosixPath

from dinobase.core import clock
from dinobase.core.errors import FetchError
from dinobase.lake.files import Files
from dinobase.spec.names import RESERVED

FRESH = 2.0  # seconds within which a file may change again without a new time
_PACKED = (".gz", ".zst")
_HIVE = re.compile(r"([^=]+)=(.*)")
_EMPTY = "__HIVE_DEFAULT_PARTITION__"
_STARS = re.compile(r"[*?\[]")
_FOREIGN = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file; `name` is its place under what was named, `mark` changes when it does."""

    address: str
    name: str
    mark: str

    @property
    def partitions(self) -> dict[str, str | None]:
        """Return what the folders say of all its rows (`year=2026/`)."""
        found = {}
        for part in PurePosixPath(self.name).parts[:-1]:
            hive = _HIVE.fullmatch(part)
            if hive:
                found[_unquoted(hive[1])] = None if hive[2] == _EMPTY else _unquoted(hive[2])
        return found


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found; `one`: a single file was named; `called`: a name for all of it as one table.

    outside: links that lead out of what was named.
    """

    entries: Sequence[Entry]
    one: bool
    called: str
    outside: Sequence[str] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what is not read."""
        if not self.outside:
            return ()
        shown = ", ".join(self.outside[:3]) + (f" and {len(self.outside) - 3} more" if len(self.outside) > 3 else "")
        return (f"not read, as links that lead out of the folder: {shown}; name such a file itself to have it read",)


def is_remote(path: str) -> bool:
    """Tell whether a path is an address."""
    return "://" in path


def is_web(path: str) -> bool:
    """Tell whether a path is the address of one file on a web server."""
    return path.lower().startswith(("http://", "https://"))


def root_of(path: str) -> str:
    """Return the folder, up to the first wildcard, under which all of it lies."""
    if not _magic(path):
        return path
    head = path[: _STARS.search(path).start()]  # type: ignore[union-attr]  # it has one
    return head[: head.rfind("/") + 1]


def listing(files: Files, path: str, suffixes: Sequence[str], *, shown: str = "") -> Listing:
    """Find the files; raises FetchError where there are none. `shown`: the path as its user wrote it."""
    one = is_web(path) or (
        not _magic(path) and (_fits(path, suffixes) if is_remote(path) else not _is_folder(path, suffixes))
    )
    root = os.path.dirname(path) + "/" if one else root_of(path).rstrip("/") + "/"  # noqa: PTH120 - an address too
    now = clock.now()
    found = list(_remote(files, path, one=one) if is_remote(path) else _local(path, one=one))
    entries = [
        Entry(address, _page(address) if is_web(path) else address.removeprefix(root), _mark(size, changed, extra, now))
        for address, size, changed, extra in found
        if one or ((_magic(path) or _fits(address, suffixes)) and not _hidden(address.removeprefix(root)))
    ]
    outside = () if one or is_remote(path) else sorted(e.name for e in entries if _leads_out(e.address, root))
    entries = [e for e in entries if e.name not in outside] if outside else entries
    if not entries:
        what = "no such file" if one else f"no file that ends in {', '.join(suffixes)}"
        raise FetchError(
            f"there is {what} at {shown or path}",
            code="source.absent",
            hint="a link that leads out of the folder is not followed"
            if outside
            else "see whether it was moved, or is of another kind",
        )
    return Listing(sorted(entries, key=lambda e: e.name), one, _called(path, one=one), outside)


def tables(found: Listing, table: str) -> dict[str, list[Entry]]:
    """Return the files of each table: all in one where its name is given, else by file, partitions by their folder."""
    if table or found.one:
        return {table or found.called: list(found.entries)}
    groups: dict[str, list[Entry]] = {}
    for entry in found.entries:
        parts = PurePosixPath(entry.name).parts
        hive = next((n for n, part in enumerate(parts[:-1]) if _HIVE.fullmatch(part)), None)
        words = [*parts[:-1], _stem(parts[-1])] if hive is None else parts[:hive] or (found.called,)
        groups.setdefault("/".join((*words, "" if hive is None else "*")), []).append(entry)
    named: dict[str, list[Entry]] = {}
    for words_, entries in groups.items():
        base = table_name("__".join(table_name(w) for w in words_.removesuffix("*").strip("/").split("/")))
        name, number = base, 2
        while name in named:
            name, number = f"{base}_{number}", number + 1
        named[name] = entries
    return named


def table_name(text: str) -> str:
    """Return a name that SQL takes without quotes."""
    name = _FOREIGN.sub("_", text.strip()).strip("_").lower() or "t"
    if name[0].isdigit():
        name = f"t_{name}"
    return f"{name}_" if name in RESERVED else name


def is_partitioned(found: Listing) -> bool:
    """Tell whether the folders right below are partitions."""
    return all(_HIVE.fullmatch(PurePosixPath(e.name).parts[0]) for e in found.entries)


def _local(path: str, *, one: bool) -> Iterator[tuple[str, int, float, str]]:
    if one:
        names = [path]
    elif _magic(path):
        names = glob(path, recursive=True)  # noqa: PTH207 - absolute, and text
    else:
        names = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]  # noqa: PTH118
    for name in names:
        target = Path(name)
        if target.is_file():
            about = target.stat()
            yield name, about.st_size, about.st_mtime_ns / 1e9, f"{about.st_mtime_ns}.{about.st_ctime_ns}"


def _leads_out(name: str, root: str) -> bool:
    return not Path(name).resolve().is_relative_to(Path(root).resolve())


def _remote(files: Files, path: str, *, one: bool) -> Iterator[tuple[str, int, float, str]]:
    pattern = path if one or _magic(path) else path.rstrip("/") + "/**"
    try:
        found = files.found(pattern)
    except FetchError as error:
        if "404" in error.message or "No files found" in error.message:
            return
        raise
    for address, size, changed in found:
        if not address.endswith("/"):
            told = (
                changed if changed[:4] not in {"None", "1970"} else clock.iso(clock.now())[:19]
            )  # not by every server
            yield address, size, datetime.fromisoformat(told).replace(tzinfo=UTC).timestamp(), told


def _mark(size: int, changed: float, extra: str, now: datetime) -> str:
    """Return size and time; nothing that will compare equal where the file may change again unseen."""
    fresh = "" if now.timestamp() - changed > FRESH else f":{now.timestamp():.6f}"
    return f"{size}:{extra}{fresh}"


def bare(mark: str) -> str:
    """Return size and time alone, of what had just been written too."""
    return re.sub(r":\d{10}\.\d{6}\Z", "", mark)


def _is_folder(path: str, suffixes: Sequence[str]) -> bool:
    """Tell whether a place here is meant as a folder, be it there or not."""
    place = Path(path)
    return place.is_dir() or path.endswith("/") or (not place.exists() and not _fits(path, suffixes))


def _fits(path: str, suffixes: Sequence[str]) -> bool:
    name = path.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.endswith(tuple(suffixes))


def _magic(path: str) -> bool:
    """Tell whether a path has wildcards; one that is there as it stands has none."""
    return has_magic(path) and not is_web(path) and (is_remote(path) or not Path(path).exists())


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in PurePosixPath(name).parts)


def _stem(name: str) -> str:
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.rpartition(".")[0] or name


def _page(address: str) -> str:
    """Return the last part of an address on the web, without what follows a question mark: it may be a signature."""
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    return _unquoted(parts.path.rpartition("/")[2]) or parts.netloc


def _called(path: str, *, one: bool) -> str:
    if is_web(path):
        return table_name(_stem(_page(path)))
    if one:
        return table_name(_stem(path.rpartition("/")[2]))
    if _magic(path):
        before = _STARS.split(path.rpartition("/")[2])[0].rstrip("-_. 0123456789")
        if before:
            return table_name(before)
    return table_name(root_of(path).rstrip("/").rpartition("/")[2])


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)
