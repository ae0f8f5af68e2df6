"""A write as short text: what would change, who may approve it, and what came of it. What is masked comes masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from dinobase.catalog.tokens import exceeds
from dinobase.mcp.answers import minute
from dinobase.query.compact import row_text, value_text

Facts: TypeAlias = Mapping[str, Any]
_BODY = 300  # characters of the one request that a plan shows at first: the changes say the rest
_COUNTS = ("succeeded", "failed", "conflicts", "unknown", "not_tried")
_SIGNS = {"insert": "+", "delete": "-"}


def planned(result: Facts, budget: int) -> str:
    """Return a plan that waits, or what was done at once where nobody need approve it."""
    mutations = result.get("mutations") or [result]
    if result["status"] != "pending_confirmation":
        previews = result.get("previews") or [result["preview"]]
        return _within(budget, lambda most: [applied(result), *(_preview(p, most, 0, 0) for p in previews)])
    parts = [(f"{m['mutation_id']}: " if len(mutations) > 1 else "", m["preview"]) for m in mutations]
    first = _waits(result, mutations)
    return _within(budget, lambda most: [first, *(name + _preview(p, most, 1, _BODY) for name, p in parts)])


def applied(result: Facts) -> str:
    """Return what came of an approved write: counts, and a line per row that is not simply done."""
    name = result.get("batch_id") or result["mutation_id"]
    counts = [f"{result[word]} {word.replace('_', ' ')}" for word in _COUNTS if result.get(word)]
    lines = [f"{name} {result['status']}: {', '.join(counts) or 'no row changes'}"]
    for mutation in result.get("mutations") or [result]:
        rows = [_step(step) for step in mutation["steps"] if step["status"] not in {"done", "not_tried"}]
        lines += [f"{mutation['mutation_id']} {mutation['status']}", *rows] if "mutations" in result else rows
    if result["status"] in {"partial", "failed"}:
        lines.append(f"What was done stays done. A person goes on with it: `dinobase mutations resume {name}`.")
    return "\n".join(lines)


def shown(result: Facts, budget: int) -> str:
    """Return all that is known of one: the statement, the plan with its requests, how each row stands."""
    parts = []
    for mutation in result.get("mutations") or [result]:
        when = f"planned {minute(mutation['created_at'])} by {mutation['identity']}"
        by = mutation.get("approved_by")
        approved = f"approved {minute(mutation['approved_at'])} by {by}" if by else f"approval: {mutation['approval']}"
        head = [f"{_line(mutation)}; {when}; {approved}", str(mutation.get("sql") or "")]
        parts.append((head, mutation.get("preview"), [_step(step) for step in mutation["steps"]]))

    def text(most: int) -> list[str]:
        lines: list[str] = []
        for head, preview, steps in parts:
            lines += [line for line in head if line]
            lines += [_preview(preview, most, most, most * 20)] if preview else []
            lines += [*steps[:most], *_more(len(steps) - most, "row")]
        return lines

    return _within(budget, text)


def listed(rows: Sequence[Facts]) -> str:
    """Return a line per write, newest first."""
    return "\n".join(f"{_line(row)}; {minute(row['created_at'])}" for row in rows) or "Nothing was written yet."


def _waits(result: Facts, mutations: Sequence[Facts]) -> str:
    name = result.get("batch_id") or result["mutation_id"]
    until = minute(result["expires_at"])
    rows = sum(m["preview"]["rows_affected"] for m in mutations)
    if result["approval"] == "human":
        how = (
            f"A person approves it, on a terminal, until {until}: `dinobase confirm {name}`, or"
            f" `dinobase mutations approve-code {name}` for a code that confirm takes."
        )
    else:
        how = f"confirm {name} sends it, until {until}."
    return f"# {name}: {rows} row{'' if rows == 1 else 's'}, nothing is sent yet. {how}"


def _preview(preview: Facts, most: int, requests: int, body: int) -> str:
    rows, calls = preview["rows_affected"], preview["calls"]
    slow = f", at least {preview['seconds']:g} s" if preview["seconds"] else ""
    many = f"{rows} row{'' if rows == 1 else 's'} by {calls} call{'' if calls == 1 else 's'}{slow}"
    lines = [f"{preview['operation']} {preview['source']}.{preview['table']}: {many}"]
    lines += [_change(change) for change in preview["changes"][:most]]
    lines += _more(len(preview["changes"]) - most, "row")
    lines += [_request(request, body) for request in preview["requests"][:requests]]
    lines += _more(len(preview["requests"]) - requests, "request") if requests else []
    if preview.get("returning"):
        lines.append(f"returning {value_text(preview['returning'])}")
    lines += [f"cannot be undone: {reason}" for reason in preview["not_undoable"]]
    lines += [f"warning: {warning}" for warning in preview["warnings"]]
    return "\n".join(lines)


def _change(change: Facts) -> str:
    operation, key = change.get("operation", "update"), row_text(change["key"])
    columns = change["columns"]
    if operation == "update":
        pairs = (f"{name} {value_text(c['old'])} -> {value_text(c['new'])}" for name, c in columns.items())
        return f"~ {key}: {', '.join(pairs)}"
    side = "new" if operation == "insert" else "old"
    row = row_text({name: c[side] for name, c in columns.items() if name not in change["key"]})
    return f"{_SIGNS[operation]} {': '.join(text for text in (key, row) if text)}"


def _request(request: Facts, most: int) -> str:
    body = value_text(request["body"]) if request.get("body") is not None else ""
    if len(body) > most:
        body = f"{body[:most]}... ({len(body) - most:,} characters more)"
    return f"{request['method']} {request['url']} {body}".rstrip()


def _step(step: Facts) -> str:
    error = f": {' '.join(str(step['error']).split())}" if step.get("error") else ""
    return f"row {step['step']} {row_text(step['key'])} {step['status']}{error}".replace("  ", " ")


def _line(mutation: Facts) -> str:
    table = f"{mutation['connector']}.{mutation['table_name']}"
    waits = f" until {minute(mutation['expires_at'])}" if mutation["status"] == "pending_confirmation" else ""
    undo = f" (undo of {mutation['undo_of']})" if mutation.get("undo_of") else ""
    return (
        f"{mutation['mutation_id']} {mutation['status']}{waits}: "
        f"{mutation['operation']} {table}, {mutation['rows']} rows{undo}"
    )


def _more(count: int, what: str) -> list[str]:
    return [f"({count} more {what}{'' if count == 1 else 's'})"] if count > 0 else []


def _within(budget: int, lines: Callable[[int], Sequence[str]]) -> str:
    """Show as many rows as the budget takes."""
    most = 1_000
    text = "\n".join(lines(most))
    while most > 1 and exceeds(text, budget):
        most //= 2
        text = "\n".join(lines(most))
    return text
