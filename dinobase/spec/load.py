"""Connector file -> Connector: all problems of a file in one report, in file order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from dinobase.core.errors import Problem, SpecError
from dinobase.spec import sql_types
from dinobase.spec.checks import check_connector
from dinobase.spec.defaults import merge_defaults
from dinobase.spec.models import Connector, Resource, WriteEndpoint
from dinobase.spec.report import Report
from dinobase.spec.salvage import salvage
from dinobase.spec.servers import with_client
from dinobase.spec.shapes import add_errors
from dinobase.spec.validation import model_of, validated
from dinobase.spec.writes import operation_of, table_of
from dinobase.spec.yaml_lines import Document, parse


@dataclass(frozen=True, slots=True)
class Loaded:
    """A connector is there only where there are no errors."""

    connector: Connector | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def load_connector(path: Path) -> Connector:
    """Read a file; raises SpecError with every problem. Defaults are merged and resolved in the result."""
    loaded = validate(path)
    if loaded.connector is None:
        hint = f"Correct it and run `dinobase connector validate {path.stem}`."
        raise SpecError(str(path), loaded.errors, hint=hint)
    return loaded.connector


def validate(path: Path) -> Loaded:
    """Read a file and return what is wrong with it and what will surprise."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Problem(str(path), 0, 0, "spec.unreadable", "", f"the file cannot be read: {error.strerror}.")
        return Loaded(None, (problem,), ())
    return load_text(raw, str(path), stem=path.stem)


def load_text(raw: bytes, file: str, *, stem: str = "") -> Loaded:
    """Read a file's bytes; `stem` is the file name that the connector must have, '' for none."""
    document, problems = parse(raw, file, "What all resources share belongs in `resource_defaults`.")
    if document is None:
        return Loaded(None, tuple(problems), ())
    report = Report(document, errors=list(problems))
    connector = _connector(report, document, stem)
    found = report.findings(problems)
    if found.errors or connector is None:
        return Loaded(None, found.errors, found.warnings)
    return Loaded(_resolved(connector), (), found.warnings)


def _connector(report: Report, document: Document, stem: str) -> Connector | None:
    if not isinstance(document.data, dict):
        found = "empty" if document.data is None else "a list" if isinstance(document.data, list) else "text"
        hint = "It begins with `name: <the file's name>`; see `dinobase connector schema`."
        report.error((), "not_a_mapping", f"the file is {found}; keys and values are wanted.", hint)
        return None
    data = with_client(merge_defaults(document.data))
    connector: Connector | None
    try:
        connector = validated(Connector, data)
    except ValidationError as error:
        add_errors(report, model_of(Connector), data, error.errors(include_url=False))
        connector = salvage(Connector, data, error)
    if connector is not None:
        check_connector(report, connector)
        if stem and connector.name not in {"", stem} and not report.faulty(("name",)):
            hint = f"Rename the file to {connector.name}.yaml, or write `name: {stem}`."
            report.error(("name",), "file_name", f"`name` is `{connector.name}`, the file is {stem}.yaml.", hint)
    return connector


def _resolved(connector: Connector) -> Connector:
    tables = [resource.name for resource in connector.resources]
    return connector.model_copy(
        update={
            "resources": [_resolved_resource(resource, connector.type) for resource in connector.resources],
            "write_endpoints": [_resolved_write(write, tables) for write in connector.write_endpoints],
        }
    )


def _resolved_resource(resource: Resource, kind: str) -> Resource:
    update: dict[str, object] = {}
    if resource.endpoint.path is None:
        path = resource.name if kind == "rest" else ""
        update["endpoint"] = resource.endpoint.model_copy(update={"path": path})
    if resource.write_disposition is None:
        update["write_disposition"] = "merge" if resource.primary_key else "replace"
    if any(column.type for column in resource.columns.values()):
        update["columns"] = {
            name: column.model_copy(update={"type": sql_types.canonical(column.type)}) if column.type else column
            for name, column in resource.columns.items()
        }
    return resource.model_copy(update=update)


def _resolved_write(write: WriteEndpoint, tables: list[str]) -> WriteEndpoint:
    return write.model_copy(
        update={
            "resource": write.resource or table_of(write.name, tables),
            "operation": write.operation or operation_of(write.name),
        }
    )
