"""Which resources run, in which order, and how they depend on each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dinobase.core.errors import UnknownName, UsageError, did_you_mean
from dinobase.load.naming import snake
from dinobase.spec.models import Connector, Parent, Resource


def choose(connector: Connector, kept: Sequence[str] | None, asked: Sequence[str]) -> list[Resource]:
    """Return the resources of this run, parents before children.

    kept: what `add --resources` stored; asked: what `sync --resources` names. `+name` adds to the default set; a list
    without plus is the whole set. Raises UnknownName.
    """
    default = [r.name for r in connector.resources if r.selected]
    chosen = _apply(connector, _apply(connector, default, kept or ()), asked)
    found = [r for r in ordered(connector) if r.name in chosen]
    for resource in found:
        _distinct(tags(connector, resource), resource)
    return found


def _distinct(names: Sequence[str], resource: Resource) -> None:
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise UsageError(
            f"`{resource.name}` would keep the values of two of its ancestors in one column, `{twice}`",
            hint="Rename one of these resources in the connector file.",
        )


def _apply(connector: Connector, default: Iterable[str], names: Iterable[str]) -> set[str]:
    names = [n.strip() for n in names if n.strip()]
    known = {r.name for r in connector.resources}
    for name in names:
        bare = name.removeprefix("+")
        if bare not in known:
            near = did_you_mean(bare, known)
            hint = f"did you mean `{near}`? " if near else ""
            raise UnknownName(
                f"{connector.name} has no resource `{bare}`",
                code="unknown.resource",
                hint=f"{hint}It has: {', '.join(sorted(known))}",
                connector=connector.name,
            )
    plain = [n for n in names if not n.startswith("+")]
    added = [n[1:] for n in names if n.startswith("+")]
    return set(plain or default) | set(added)


def ordered(connector: Connector) -> list[Resource]:
    """Return all resources, parents before children, else in file order."""
    done: dict[str, Resource] = {}
    waiting = list(connector.resources)
    while waiting:
        ready = [r for r in waiting if r.parent is None or r.parent.resource in done]
        if not ready:
            raise UsageError(f"{connector.name}: `parent` goes in a circle: {', '.join(r.name for r in waiting)}")
        done |= {r.name: r for r in ready}
        waiting = [r for r in waiting if r.name not in done]
    return list(done.values())


def tag(parent: Parent) -> str:
    """Return the column in which a child keeps its parent's value: `_customers_id`."""
    return snake(f"_{parent.resource}_{parent.field.replace('.', '_')}")


def lineage(connector: Connector, resource: Resource) -> list[Parent]:
    """Return the resource's parent, its parent's parent and so on."""
    found = []
    current: Resource | None = resource
    while current is not None and current.parent is not None:
        found.append(current.parent)
        current = connector.resource(current.parent.resource)
    return found


def tags(connector: Connector, resource: Resource) -> list[str]:
    """Return the columns of a child that come from its ancestors, the farthest first."""
    return [tag(parent) for parent in reversed(lineage(connector, resource))]


def key(connector: Connector, resource: Resource) -> list[str]:
    """Return what identifies a row, as the file names it; its ancestors come first unless it is unique: global."""
    own = resource.primary_key
    names = [own] if isinstance(own, str) else list(own or ())
    if not names or resource.unique == "global":
        return names
    return [*tags(connector, resource), *(n for n in names if n not in tags(connector, resource))]
