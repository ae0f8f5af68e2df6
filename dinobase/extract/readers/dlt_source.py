"""Sources written for dlt, by their import path: dlt runs them, rows and state land as those of any other source.

No pipeline of dlt is made, so nothing of its own is kept and nothing is sent: the state that a resource has after it
was read is committed with its rows, and given to it when it is read next.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast

from dinobase.core.errors import CredentialMissing, DinobaseError, FetchError, UsageError
from dinobase.core.secrets import redact, register
from dinobase.extract.readers.base import Ask, Brought, SourceColumn, SourceTable
from dinobase.extract.readers.file_listing import table_name
from dinobase.extract.readers.ndjson import Lines
from dinobase.lake.connection import Writer
from dinobase.spec.models import Credential

if TYPE_CHECKING:
    from dlt.extract import DltResource

Landing = Literal["merge", "append", "replace"]
_SOURCE = Credential(
    name="source",
    secret=False,
    help="Import path of a dlt source or resource: package.module.function.",
)
_PARAM = Credential(name="param", secret=False, required=False, help="An argument of it, K=V; repeatable.")
_SECRET = Credential(name="secret_param", required=False, help="An argument that is a secret, K=V; repeatable.")
_FOLDER = Credential(name="folder", secret=False, required=False, help="The folder that holds the package.")
_SHOWN = 300


class DltKind:
    """A dlt source: any one for `dinobase add dlt --source PATH`, or one that the registry names."""

    def __init__(self, import_path: str = "", credentials: Sequence[Credential] = ()) -> None:
        """`import_path`: what is read, "" where whoever adds it says; `credentials`: arguments by their names."""
        self._path = import_path
        self._named = tuple(c.name for c in credentials)
        first = () if import_path else (_SOURCE,)
        self.credentials: Sequence[Credential] = (*first, *credentials, _PARAM, _SECRET, _FOLDER)

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the values with the folder in which the package was found, where Python does not find it by itself."""
        found = dict(values)
        path = self._path or found.get("source", "")
        if not path:
            raise CredentialMissing(
                "which dlt source is to be read is not said",
                hint="dinobase add dlt --source package.module.function --param K=V",
                missing=["source"],
            )
        if "." not in path:
            raise UsageError(
                f"`{path}` is no import path",
                code="dlt.path",
                hint="package.module.function, as Python would import it",
            )
        arguments(found.get("param", ""))
        arguments(found.get("secret_param", ""))
        top = path.partition(".")[0]
        if not found.get("folder") and not _findable(top):
            here = Path.cwd()
            if (here / top).is_dir() or (here / f"{top}.py").is_file():
                found["folder"] = str(here)
        if found.get("folder"):
            found["folder"] = str(Path(found["folder"]).expanduser().absolute())
        return found

    def open(self, values: Mapping[str, str], writer: Writer | None) -> DltSource:
        """Import it; raises FetchError, UsageError where dlt or the package is missing."""
        del writer
        given: dict[str, Any] = {name: values[name] for name in self._named if values.get(name)}
        given |= arguments(values.get("param", ""))
        secret = arguments(values.get("secret_param", ""))
        for value in secret.values():
            register(str(value))
        return DltSource(self._path or values["source"], {**given, **secret}, values.get("folder", ""))


class DltSource:
    """A source whose function is imported; it is called anew for each read, as generators run once."""

    def __init__(self, path: str, given: Mapping[str, Any], folder: str) -> None:
        self.address = f"dlt:{path}"
        self._given = given
        self._stopped = False
        _dlt()
        self._function = _imported(path, folder)

    def tables(self) -> Sequence[SourceTable]:
        """Return a table for each resource; those that the source does not select are read where they are asked for."""
        return [table for resource in self._resources().values() if (table := _table(resource)) is not None]

    def read(self, ask: Ask) -> Brought:
        """Run a resource from the state that its last rows were committed with."""
        dlt_json, container, context = _parts()
        state: dict[str, Any] = dlt_json.typed_loads(ask.start) if ask.start else {}
        lines = Lines(ask.folder)
        with container.injectable_context(context(state=state)):
            resource = self._resources()[ask.table.place]
            resource.selected = True
            try:
                for item in resource:
                    for record in _records(item):
                        lines.add(record)
                    if self._stopped:
                        raise FetchError("the read was stopped", code="source.stopped")  # noqa: TRY301
            except DinobaseError:
                raise
            except Exception as error:  # noqa: BLE001 - others' code may raise anything
                raise _failed(ask.table.place, error) from None
        lines.flush()
        return Brought(
            tuple(lines.files),
            lines.types(),
            lines.rows,
            lines.bytes,
            cursor=dlt_json.typed_dumps(state, sort_keys=True),
            lines=True,
            whole=ask.table.landing == "replace",
        )

    def _resources(self) -> dict[str, DltResource]:
        import dlt
        from dlt.extract import DltResource, DltSource

        made = self._function
        try:
            ready = isinstance(made, DltSource | DltResource) and not self._given
            if callable(made) and not ready:
                made = made(**self._given)
        except DinobaseError:
            raise
        except Exception as error:  # noqa: BLE001 - others' code may raise anything
            raise _failed(self.address, error) from None
        if isinstance(made, DltSource):
            return dict(made.resources)
        parts = made if isinstance(made, list | tuple) else [made]
        called = getattr(self._function, "__name__", "rows")
        found = [p if isinstance(p, DltResource) else dlt.resource(p, name=called) for p in parts]
        return {resource.name: resource for resource in found}

    def interrupt(self) -> None:
        """Stop a read at its next record."""
        self._stopped = True

    def close(self) -> None:
        """Nothing is open."""


def arguments(text: str) -> dict[str, Any]:
    """Read `K=V` lines; a value that is JSON is what it says, else text. Raises UsageError."""
    found: dict[str, Any] = {}
    for line in filter(None, (part.strip() for part in text.split("\n"))):
        key, equals, value = line.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"`{key[:40]}` is no argument", code="dlt.param", hint="--param NAME=VALUE")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def _table(resource: DltResource) -> SourceTable | None:
    schema = cast("Mapping[str, Any]", resource.compute_table_schema())
    landing = _landing(schema.get("write_disposition", "append"))
    if landing is None:
        return None
    columns = schema.get("columns", {})
    key = tuple(name for name, hints in columns.items() if hints.get("primary_key"))
    if landing == "merge" and not key:
        landing = "append"
    return SourceTable(
        name=table_name(resource.name),
        place=resource.name,
        columns=tuple(
            SourceColumn(name, "VARCHAR", nullable=name not in key, description=hints.get("description") or "")
            for name, hints in columns.items()
        ),
        key=() if landing == "append" else key,
        unique=False,
        description=schema.get("description") or "",
        landing=landing,
        selected=bool(resource.selected),
    )


def _landing(given: Any) -> Landing | None:
    word = given.get("disposition") if isinstance(given, Mapping) else given
    return cast("Landing", word) if word in {"merge", "append", "replace"} else None


def _records(item: Any) -> Iterator[Mapping[str, Any]]:
    """Give the records of what a resource yields: one, a list, an Arrow table, a data frame, a model."""
    if item is None:
        return
    if isinstance(item, list | tuple):
        for one in item:
            yield from _records(one)
    elif isinstance(item, Mapping):
        yield item
    elif hasattr(item, "to_pylist"):
        yield from item.to_pylist()
    elif hasattr(item, "to_dict") and hasattr(item, "columns"):
        yield from item.to_dict("records")
    elif hasattr(item, "model_dump"):
        yield item.model_dump()
    else:
        yield {"value": item}


def _dlt() -> ModuleType:
    try:
        import dlt
    except ImportError:
        raise UsageError("dlt is not installed", code="extra.missing", hint="pip install 'dinobase[dlt]'") from None
    return dlt


def _parts() -> tuple[Any, Any, Any]:
    from dlt.common.configuration.container import Container
    from dlt.common.json import json as dlt_json
    from dlt.common.pipeline import StateInjectableContext

    return dlt_json, Container(), StateInjectableContext


def _findable(top: str) -> bool:
    with suppress(ImportError, ValueError):
        return importlib.util.find_spec(top) is not None
    return False


def _imported(path: str, folder: str) -> Any:
    module, _, name = path.rpartition(".")
    if folder and folder not in sys.path:
        sys.path.append(folder)
        importlib.invalidate_caches()
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"`{error.name}` cannot be imported",
            code="dlt.import",
            hint=f"pip install what `{path}` is of, or name its folder with --folder",
        ) from None
    except AttributeError:
        raise UsageError(
            f"`{module}` has no `{name}`", code="dlt.import", hint="see the name of its function"
        ) from None
    except Exception as error:  # noqa: BLE001 - others' code may raise anything
        raise _failed(path, error) from None


def _failed(what: str, error: Exception) -> FetchError:
    cause = error
    while type(error).__module__.startswith("dlt.extract") and cause.__cause__ is not None:
        cause = cast("Exception", cause.__cause__)
        if not type(cause).__module__.startswith("dlt.extract"):
            break
    text = redact(" ".join(str(cause).split()))[:_SHOWN] or type(cause).__name__
    return FetchError(
        f"{what} failed: {type(cause).__name__}: {text}",
        code="dlt.failed",
        hint="its arguments: --param, --secret-param; what dlt itself reads: .dlt/secrets.toml, SOURCES__... variables",
    )
