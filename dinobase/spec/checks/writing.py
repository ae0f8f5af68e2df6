"""Write endpoints: each changes one table in one way, and the row it changes can be named."""

from __future__ import annotations

from dinobase.spec.models import Connector, WriteEndpoint
from dinobase.spec.report import Path, Report, near
from dinobase.spec.writes import OPERATIONS, operation_of, table_of


def targets(report: Report, connector: Connector) -> None:
    """Require a table and an operation, given or read from the name."""
    tables = [resource.name for resource in connector.resources if resource.name]
    for index, write in enumerate(connector.write_endpoints):
        path: Path = ("write_endpoints", index)
        if not write.name or report.faulty((*path, "name")):
            continue
        table = _table(report, path, write, tables)
        operation = write.operation or operation_of(write.name)
        if operation is None and not report.faulty((*path, "operation")):
            hint = f"Add `operation:`, one of {', '.join(OPERATIONS)}, or begin the name with one of them."
            report.error((*path, "name"), "write_operation", f"`{write.name}` does not say what it does.", hint)
        if table is not None and operation in {"update", "delete"}:
            _keyed(report, path, connector, write, table)


def shapes(report: Report, connector: Connector) -> None:
    """Refuse keys that mean nothing together."""
    for index, write in enumerate(connector.write_endpoints):
        path: Path = ("write_endpoints", index)
        if connector.type == "rest":
            _rest(report, path, write)
        if not write.bulk:
            for field in ("max_batch_size", "bulk_body_path"):
                if getattr(write, field) is not None:
                    message = f"`{report.at((*path, field))}` has no effect without `bulk: true`."
                    report.warn((*path, field), "not_bulk", message, "Add `bulk: true`, or remove it.", key=True)
        if write.idempotency_body_path and write.bulk and not write.bulk_body_path:
            place = (*path, "idempotency_body_path")
            hint = "Use `idempotency_header`, or say where the list stands by `bulk_body_path`."
            report.error(place, "body_path", f"`{report.at(place)}`: the body is a list, which has no keys.", hint)
        if write.request_body_path is not None and not write.request_body_path.strip("."):
            place = (*path, "request_body_path")
            report.error(place, "body_path", f"`{report.at(place)}` is empty.", "Name a key, or remove it.")
        if write.send == "changed" and write.method == "PUT":
            message = f"`{write.name}` sends a PUT with the changed columns only: most APIs empty all others."
            report.warn((*path, "send"), "put_changed", message, "Use PATCH, or `send: full`.")


def _rest(report: Report, path: Path, write: WriteEndpoint) -> None:
    if not write.path and not report.faulty((*path, "path")):
        message = f"`path` is missing in {report.at(path)}."
        report.error((*path, "path"), "missing_key", message, "path: where the request goes.")
    for field in ("mutation", "variables"):
        if getattr(write, field):
            message = f"`{report.at((*path, field))}` is for GraphQL."
            report.error((*path, field), "misplaced", message, "Add `type: graphql`, or remove it.", key=True)


def _table(report: Report, path: Path, write: WriteEndpoint, tables: list[str]) -> str | None:
    if write.resource is not None:
        if write.resource in tables:
            return write.resource
        place = (*path, "resource")
        message = f"`{report.at(place)}` is `{write.resource}`, which is no resource."
        report.error(place, "unknown_resource", message, near(write.resource, tables))
        return None
    table = table_of(write.name, tables)
    if table is None and not report.faulty((*path, "resource")):
        message = f"`{write.name}` names no table of this connector."
        report.error((*path, "name"), "write_table", message, f"Add `resource:`, one of {', '.join(tables) or 'none'}.")
    return table


def _keyed(report: Report, path: Path, connector: Connector, write: WriteEndpoint, table: str) -> None:
    resource = connector.resource(table)
    index = next(i for i, item in enumerate(connector.resources) if item.name == table)
    if resource is None or resource.primary_key is not None or report.faulty(("resources", index, "primary_key")):
        return
    message = f"`{write.name}` changes one row of `{table}`, which has no primary_key to name it by."
    report.error((*path, "name"), "write_without_key", message, f"Add `primary_key:` to `{table}`.")


CHECKS = (targets, shapes)
