"""Writes as people see them: the plan row by row, who approves it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dinobase.cli import diagnostics
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain

if TYPE_CHECKING:
    from dinobase.query.fast import Asked

_SHOWN = 100  # rows of a plan on a terminal; JSON has all


def plan(asked: Asked, identity: str) -> int:
    """Plan what `query` was given, and print the preview, or what was done where nobody need approve it."""
    from dinobase.workspace import Workspace

    result = Workspace.open().write(asked.sql, identity=identity, max_rows=asked.write_rows, timeout=asked.timeout)
    return planned(result, asked.format or None)


def planned(result: Mapping[str, Any], form: str | None) -> int:
    """Print a plan."""
    if result["status"] != "pending_confirmation":
        return applied(result, form)
    mutations = result.get("mutations") or [result]
    name = result.get("batch_id") or result["mutation_id"]
    Output.choose(form).emit(result, changes(mutations))
    for mutation in mutations:
        notes(mutation["preview"])
    who = {"human": "a person confirms it on a terminal", "agent": "it waits to be confirmed"}[result["approval"]]
    diagnostics.note(f"Nothing is sent yet: {who}, within 10 minutes: dinobase confirm {name}")
    return Exit.DONE


def notes(preview: Mapping[str, Any]) -> None:
    """Say what a person should know before approving."""
    calls = preview["calls"]
    time = f", at least {preview['seconds']:g} s under the rate limit" if preview["seconds"] else ""
    rows = preview["rows_affected"]
    diagnostics.note(
        f"{preview['source']}.{preview['table']}: {rows} row{'' if rows == 1 else 's'} "
        f"by {calls} call{'' if calls == 1 else 's'}{time}"
    )
    for request in preview["requests"][:5]:
        diagnostics.note(f"  {request['method']} {request['url']}")
    if len(preview["requests"]) > 5:
        diagnostics.note(f"  and {len(preview['requests']) - 5} more; --format json has all, with bodies")
    for reason in preview["not_undoable"]:
        diagnostics.warn(f"cannot be undone: {reason}")
    for warning in preview["warnings"]:
        diagnostics.warn(warning)


def changes(mutations: Sequence[Mapping[str, Any]]) -> Table:
    """Return one line per changed value."""
    columns = (Column("table"), Column("what"), Column("key"), Column("column", "name"), Column("old", "value"),
               Column("new", "value"))  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for mutation in mutations:
        preview = mutation["preview"]
        if preview is None:  # no longer kept
            continue
        table = f"{preview['source']}.{preview['table']}"
        for change in preview["changes"]:
            key = ", ".join(f"{v}" for v in change["key"].values()) or None
            what = change.get("operation", "update")
            rows += [(table, what, key, name, c["old"], c["new"]) for name, c in change["columns"].items()]
    after = (
        (f"[dim]{plain(f'{len(rows) - _SHOWN} more values; --format json has all')}[/dim]",)
        if len(rows) > _SHOWN
        else ()
    )
    return Table(columns, rows[:_SHOWN], after=after, empty="No row changes.")


def applied(result: Mapping[str, Any], form: str | None) -> int:
    """Print what came of a mutation; failure in whole or part is exit 1."""
    mutations = result.get("mutations") or [result]
    columns = (Column("step", "number"), Column("what"), Column("key"), Column("status", "status"), Column("error"))
    words = {"done": "success", "conflict": "warn", "failed": "failed", "unknown": "partial"}
    rows = [
        (
            s["step"],
            s["operation"],
            ", ".join(map(str, s["key"].values())) or None,
            words.get(s["status"], s["status"]),
            s.get("error"),
        )
        for mutation in mutations
        for s in mutation["steps"]
    ]
    head = f"[bold]{plain(result.get('batch_id') or result['mutation_id'])}[/bold] {plain(result['status'])}"
    Output.choose(form).emit(
        result, Table(columns, rows, before=(head, ""), empty=f"{head}: no row changes", wrap=True)
    )
    if result["status"] == "executed":
        return Exit.DONE
    name = result.get("batch_id") or result["mutation_id"]
    diagnostics.note(
        f"`dinobase mutations resume {name}` goes on with it, `dinobase mutations abandon {name}` gives it up."
    )
    return Exit.FAILED


def text(mutations: Sequence[Mapping[str, Any]]) -> str:
    """Return the changes as a person is shown them beside a question."""
    from dinobase.cli import output, terminal  # rich: only where a person looks

    return terminal.render(changes(mutations), width=output.terminal_width(), colour=False)[0]


def whole(shown: Mapping[str, Any]) -> list[Table]:
    """Return what a person reads of mutations: the facts, what changes, how each row stands."""
    views = []
    for mutation in shown.get("mutations") or [shown]:
        facts = [(k, v) for k, v in mutation.items() if k not in {"preview", "steps"} and v is not None]
        views.append(Table((Column("what"), Column("value")), facts, wrap=True))
        if mutation["preview"]:
            views.append(changes([mutation]))
        rows = [(s["step"], s["operation"], s["status"], s.get("error")) for s in mutation["steps"]]
        columns = (Column("step", "number"), Column("what"), Column("status", "status"), Column("error"))
        views.append(Table(columns, rows, empty="No row was sent.", wrap=True))
    return views
