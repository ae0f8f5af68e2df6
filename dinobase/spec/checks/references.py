"""What a file names elsewhere in the file is there: auth methods, parents, related tables."""

from __future__ import annotations

from dinobase.spec.models import Connector, Resource
from dinobase.spec.report import Path, Report, near


def auth_names(report: Report, connector: Connector) -> None:
    """Require that `auth:` names one of auth_methods."""
    wanted: list[tuple[Path, str | None]] = [(("check", "auth"), connector.check.auth if connector.check else None)]
    wanted += [(("resources", i, "auth"), resource.auth) for i, resource in enumerate(connector.resources)]
    wanted += [(("write_endpoints", i, "auth"), write.auth) for i, write in enumerate(connector.write_endpoints)]
    for path, name in wanted:
        if name is not None and name not in connector.auth_methods and not report.faulty(("auth_methods", name)):
            message = f"`{report.at(path)}` is `{name}`, which auth_methods does not have."
            report.error(path, "unknown_auth", message, near(name, list(connector.auth_methods)))


def parents(report: Report, connector: Connector) -> None:
    """Require parents that are resources, and no cycle."""
    by_name = {resource.name: resource for resource in connector.resources if resource.name}
    in_cycle: set[str] = set()
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index, "parent")
        if resource.parent is None or report.faulty(path):
            continue
        parent = by_name.get(resource.parent.resource)
        if parent is None:
            if resource.parent.resource:
                message = f"`{report.at((*path, 'resource'))}` is `{resource.parent.resource}`, which is no resource."
                report.error(
                    (*path, "resource"), "unknown_parent", message, near(resource.parent.resource, list(by_name))
                )
            continue
        line = ancestry(resource, by_name)
        if resource.name in in_cycle:
            continue
        if line[-1] == resource.name:
            in_cycle.update(line)
            message = f"`{resource.name}` is its own ancestor: {' -> '.join(line)}."
            report.error((*path, "resource"), "parent_cycle", message, "Remove one of these parents.")
        elif resource.parent.every and resource.parent.only_changed:
            message = f"`{report.at((*path, 'every'))}` and `only_changed` say opposite things."
            report.error((*path, "every"), "every_changed", message, "Leave out one of the two.")
        elif resource.selected and not parent.selected:
            hint = f"Select `{parent.name}` too, or ask for it: `--resources +{parent.name}`."
            message = f"`{resource.name}` is selected and its parent `{parent.name}` is not: it has no rows to go by."
            report.warn((*path, "resource"), "parent_not_selected", message, hint)


def unique(report: Report, connector: Connector) -> None:
    """Warn of `unique` outside children."""
    for index, resource in enumerate(connector.resources):
        if resource.unique and resource.parent is None and not report.faulty(("resources", index, "parent")):
            path: Path = ("resources", index, "unique")
            report.warn(path, "unique", f"`unique` of `{resource.name}` has no effect without `parent`.", "Remove it.")


def relationships(report: Report, connector: Connector) -> None:
    """Require related tables that are here, or `connector.table`."""
    tables = [resource.name for resource in connector.resources if resource.name]
    for index, resource in enumerate(connector.resources):
        for number, relation in enumerate(resource.relationships):
            path: Path = ("resources", index, "relationships", number)
            own = relation.to.removeprefix(f"{connector.name}.")
            if own.count(".") > 1 or ("." not in own and own not in tables):
                message = f"`{report.at((*path, 'to'))}` is `{relation.to}`, which is no table here."
                hint = f"{near(own, tables)} Another connector's: `connector.table`."
                report.error((*path, "to"), "unknown_table", message, hint)
            if len(relation.columns) != len(relation.to_columns) or not relation.columns:
                message = f"{len(relation.columns)} columns name {len(relation.to_columns)} to_columns."
                report.error((*path, "to_columns"), "relationship", message, "Give as many of each, at least one.")


def ancestry(resource: Resource, by_name: dict[str, Resource]) -> list[str]:
    """Return the names from a resource up to its first ancestor; it ends where a name comes again."""
    line = [resource.name]
    current: Resource | None = resource
    while current is not None and current.parent is not None:
        name = current.parent.resource
        line.append(name)
        if name in line[:-1]:
            break
        current = by_name.get(name)
    return line


CHECKS = (auth_names, parents, unique, relationships)
