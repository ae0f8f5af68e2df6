"""Access rules of the workspace: an identity's guard, and what connector files call personal data.

What a file says is kept beside it in a compiled form: reading one costs more than a whole query does. Where a file
cannot be read, nothing is known of its columns, and a policy that asks for it shows nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dinobase import __version__
from dinobase.core.errors import DinobaseError, UnknownName, did_you_mean
from dinobase.core.settings import Paths
from dinobase.spec.config_plain import may_stay, plain_config
from dinobase.spec.kept import keep
from dinobase.sync import registry

if TYPE_CHECKING:
    from dinobase.access.guard import FindPii, Guard
    from dinobase.access.pii import Declared
    from dinobase.catalog.examine import Examiner

_OWN = ("cli", "mcp", "default")


def guard(paths: Paths, identity: str, config: Mapping[str, Any] | None = None) -> Guard | None:
    """Return what stands between an identity and the lakes, None where nothing does."""
    settings = plain_config(paths) if config is None else config
    if not settings["access"] and not may_stay(settings):
        return None
    from dinobase.access.guard import guard_of

    return guard_of(paths, settings, identity, finder(paths, settings))


def of_files(paths: Paths) -> Guard | None:
    """Return what opens files where they are and takes nothing away, None where there are none."""
    settings = plain_config(paths)
    if not may_stay(settings):
        return None
    from dinobase.access.guard import guard_of
    from dinobase.access.in_place import FILES

    files = {name: entry for name, entry in settings["connectors"].items() if entry["type"] in FILES}
    return guard_of(paths, {"connectors": files}, "cli", None)


def finder(paths: Paths, config: Mapping[str, Any] | None = None) -> FindPii:
    """Return what takes a connector's name to what its file, and whoever annotated it, calls personal data.

    With a table, to what its values tell as well: it is looked at first where its rows are others than they were.
    """
    examiners: list[Examiner] = []

    def find(name: str, table: str = "", /) -> Declared:
        from dinobase.access.pii import over, under  # where no rule asks, nothing is imported
        from dinobase.catalog.annotations import Book, personal

        settings = plain_config(paths) if config is None else config
        declared = _declared(paths, name, str(settings["connectors"][name]["type"]))
        words = Book(paths.state, str(settings["storage"]["catalog"])).words(name)
        known = over(declared, personal(words)) if words else declared
        if not table:
            return known
        if not examiners:
            from dinobase.access.in_place import InPlace
            from dinobase.catalog.examine import Examiner
            from dinobase.lake.location import Storage

            storage = Storage(paths.lakes, settings["storage"]["url"], settings["storage"]["catalog"])
            examiners.append(Examiner(storage, paths, find, InPlace(paths, settings)))
        return under(known, table, examiners[0].personal(name, table))

    return find


def check_identity(paths: Paths, name: str) -> str:
    """Return a name that `--as` may take; a misspelt one would be answered by the rules of `default`."""
    settings = plain_config(paths)
    known = dict.fromkeys((*_OWN, *settings["access"]))
    if name in known:
        return name
    from dinobase.access.tokens import TokenBook

    known |= dict.fromkeys(
        token.name for token in TokenBook(paths.state, settings["storage"]["catalog"]).listed().tokens
    )
    if name in known:
        return name
    near = did_you_mean(name, known)
    raise UnknownName(
        f"`{name}` is neither in `access:` of config.yaml nor a token's name",
        code="unknown.identity",
        hint=f"Did you mean `{near}`?" if near else f"There are: {', '.join(known)}.",
    )


def _declared(paths: Paths, name: str, kind: str) -> Declared:
    path = registry.file_of(kind, paths)
    if path is None and registry.is_python(kind, paths):
        from dinobase.workspace import python_kinds

        return python_kinds.declared(name, paths)
    if path is None:
        raise _unknown(name, f"there is no connector file `{kind}`")
    seal = f"2:{__version__}:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    kept = paths.cache / "pii" / f"{kind}.json"
    found = _kept(kept, seal)
    if found is None:
        found = _read(name, path)
        keep(paths, kept, json.dumps({"seal": seal, "declared": found}))
    return found


def _read(name: str, path: Path) -> Declared:
    from dinobase.access.pii import declared
    from dinobase.spec.load import validate

    connector = validate(path).connector
    if connector is None:
        raise _unknown(name, f"{path.name} is faulty")
    return declared(connector)


def _kept(path: Path, seal: str) -> Declared | None:
    try:
        data = json.loads(path.read_bytes())
        return data["declared"] if data["seal"] == seal else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _unknown(name: str, reason: str) -> DinobaseError:
    return DinobaseError(
        f"What is personal data in {name} cannot be told, as {reason}, so nothing of it is shown",
        code="access.pii",
        hint="dinobase connector validate; `pii: show` in `access:` of config.yaml needs no file.",
        connector=name,
    )
