"""How a table is kept: nothing that a sync does may lose rows that the file's author means to keep."""

from __future__ import annotations

import re

from dinobase.kinds import duration
from dinobase.kinds.incremental import is_relative
from dinobase.spec.models import Connector, Incremental, Resource
from dinobase.spec.report import Path, Report
from dinobase.spec.requests import sends

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")


def dispositions(report: Report, connector: Connector) -> None:
    """Refuse what would lose rows; warn of what would repeat them."""
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index)
        place: Path = (*path, "write_disposition")
        name = resource.name
        keyed = resource.primary_key is not None or report.faulty((*path, "primary_key"))
        chosen = resource.write_disposition or ("merge" if keyed else "replace")
        if report.faulty(place):
            continue
        if chosen == "merge" and not keyed:
            message = f"`{name}` is merged and has no primary_key."
            report.error(place, "merge_without_key", message, "Add `primary_key:`, or use `replace`.")
        if resource.incremental is None or report.faulty((*path, "incremental")):
            if chosen == "append" and not report.faulty((*path, "incremental")):
                message = f"`{name}` appends and has no incremental: each sync adds the whole listing again."
                report.warn(place, "append_without_incremental", message, "Add `incremental:`, or use `merge`.")
        elif chosen == "replace":
            hint = "Add `primary_key:` and merge, or use `append`; remove `incremental:` to fetch all each time."
            message = f"`{name}` is replaced by what is new since the last sync: all older rows would go."
            report.error((*path, "incremental"), "replace_with_incremental", message, hint, key=True)
        elif resource.deletes != "ignore":
            message = f"`{name}` looks for deleted rows in full listings only: with incremental, on --full-refresh."
            report.warn((*path, "deletes"), "deletes", message, "Leave out one of the two.")


def cursors(report: Report, connector: Connector) -> None:
    """Require a place that the cursor comes from, and sane spans."""
    for index, resource in enumerate(connector.resources):
        if resource.incremental is not None:
            path: Path = ("resources", index, "incremental")
            _source(report, path, resource.incremental)
            _spans(report, path, resource.incremental)
            _windows(report, path, resource, resource.incremental)
            _initial(report, path, resource.incremental)


def _source(report: Report, path: Path, incremental: Incremental) -> None:
    if not incremental.cursor_path and not incremental.token_path and not report.faulty(path):
        message = f"`cursor_path` is missing in {report.at(path)}."
        hint = "cursor_path: the record's field that grows; or token_path: where the body holds the next start."
        report.error((*path, "cursor_path"), "missing_key", message, hint)
    if incremental.restart_after is not None and incremental.order != "asc" and not report.faulty((*path, "order")):
        message = (
            f"`{report.at((*path, 'restart_after'))}` begins again at the last cursor: that needs an ordered listing."
        )
        report.error(
            (*path, "restart_after"), "restart_without_order", message, "Sort by the cursor and add `order: asc`."
        )
    if incremental.order == "desc" and not report.faulty((*path, "order")):
        for key in ("window", "restart_after", "token_path"):
            if getattr(incremental, key):
                message = (
                    f"`{report.at((*path, key))}` does not go with `order: desc`, which ends at the first old page."
                )
                report.error((*path, key), "desc_with_spans", message, "Leave out one of the two.")


def _spans(report: Report, path: Path, incremental: Incremental) -> None:
    back = incremental.lookback
    if back and duration.seconds(back) is None and not _NUMBER.fullmatch(back):
        place: Path = (*path, "lookback")
        hint = f'Allowed: {duration.ALLOWED}; for a numeric cursor a number in quotes ("100").'
        report.error(place, "duration", f"`{report.at(place)}` is `{back}`.", hint)
    if incremental.window and not duration.seconds(incremental.window):
        place = (*path, "window")
        report.error(
            place, "duration", f"`{report.at(place)}` is `{incremental.window}`.", f"Allowed: {duration.ALLOWED}."
        )
    elif incremental.window and incremental.format == "date" and (duration.seconds(incremental.window) or 0) < 86400:
        place = (*path, "window")
        message = f"`{report.at(place)}` is shorter than the day that `format: date` counts in."
        report.error(place, "window", message, "Use 1d or more.")


def _windows(report: Report, path: Path, resource: Resource, incremental: Incremental) -> None:
    if not incremental.window:
        return
    place = (*path, "window")
    if not sends(resource, "incremental.end_value"):
        message = f"`{resource.name}` asks in windows and never sends their end."
        report.error(place, "window", message, 'Put "{incremental.end_value}" into params, path or body.')
    if incremental.initial_value is None and not report.faulty((*path, "initial_value")):
        message = f"`{report.at(place)}` has no start: `initial_value` is missing."
        report.error(place, "window_start", message, 'Add `initial_value: "2024-01-01T00:00:00Z"`.')
    if incremental.token_path:
        message = f"`{report.at(place)}` and `token_path` exclude each other."
        report.error(place, "window_token", message, "A token says by itself where to go on: remove `window`.")


def _initial(report: Report, path: Path, incremental: Incremental) -> None:
    value = incremental.initial_value
    place = (*path, "initial_value")
    if incremental.format is None and not incremental.window:
        return
    if not isinstance(value, str) or "{" in value or is_relative(value):
        return
    if _MOMENT.fullmatch(value) or _NUMBER.fullmatch(value):
        return
    why = f"`format: {incremental.format}`" if incremental.format else "`window`"
    hint = 'Write it as "2024-01-31" or "2024-01-31T00:00:00Z", a number of seconds, or "-90d".'
    report.error(place, "initial_value", f"`{report.at(place)}` is `{value}`, which {why} cannot read.", hint)


CHECKS = (dispositions, cursors)
