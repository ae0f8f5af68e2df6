"""Every path is one that can be looked up."""

from __future__ import annotations

from dinobase.kinds.path import PathError, compile_path
from dinobase.spec.models import Connector
from dinobase.spec.report import Path, Report

_PAGINATOR = (
    "cursor_path",
    "has_more_path",
    "done_path",
    "next_url_path",
    "total_path",
    "total_records_path",
    "page_info_path",
)


def json_paths(report: Report, connector: Connector) -> None:
    """Refuse selectors, cursors, totals and fields that are no JSONPath."""
    found: list[tuple[Path, str | None]] = []
    holders: list[tuple[Path, object]] = [(("client", "paginator"), connector.client.paginator)]
    for index, resource in enumerate(connector.resources):
        base: Path = ("resources", index)
        holders += [
            ((*base, "endpoint", "paginator"), resource.endpoint.paginator),
            ((*base, "paginator"), resource.paginator),
        ]
        found += [
            ((*base, "endpoint", "data_selector"), resource.endpoint.data_selector),
            ((*base, "data_selector"), resource.data_selector),
        ]
        if resource.incremental is not None:
            found += [
                ((*base, "incremental", "cursor_path"), resource.incremental.cursor_path or None),
                ((*base, "incremental", "token_path"), resource.incremental.token_path or None),
            ]
        if resource.parent is not None and not report.faulty((*base, "parent", "field")):
            found.append(((*base, "parent", "field"), resource.parent.field))
        if resource.retrieve is not None:
            found.append(((*base, "retrieve", "data_selector"), resource.retrieve.data_selector or None))
        if resource.fields is not None:
            found.append(((*base, "fields", "data_selector"), resource.fields.data_selector))
        found += [((*base, "lift", n), name) for n, name in enumerate(resource.lift)]
        keys = [resource.primary_key] if isinstance(resource.primary_key, str) else resource.primary_key or []
        single = isinstance(resource.primary_key, str)
        found += [((*base, "primary_key", *(() if single else (n,))), key) for n, key in enumerate(keys)]
    for index, write in enumerate(connector.write_endpoints):
        found.append((("write_endpoints", index, "response_path"), write.response_path))
    errors = connector.client.errors
    if errors is not None:
        found += [(("client", "errors", name), getattr(errors, name) or None) for name in ("ok_path", "error_path")]
    for path, holder in holders:
        found += [((*path, name), getattr(holder, name) or None) for name in _PAGINATOR if hasattr(holder, name)]
    for path, text in found:
        _check(report, path, text)


def _check(report: Report, path: Path, text: str | None) -> None:
    if text is None or "{" in text:
        return
    if not text.strip():
        hint = "`$` is the whole body." if path[-1] == "data_selector" else "Write keys with dots: `meta.next`."
        report.error(path, "json_path", f"`{report.at(path)}` is empty.", hint)
        return
    try:
        compile_path(text)
    except PathError as error:
        report.error(path, "json_path", f"`{report.at(path)}`: {error.message}.", error.hint)


def key_once(report: Report, connector: Connector) -> None:
    """Refuse empty keys, and keys that name a column twice."""
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index, "primary_key")
        if isinstance(resource.primary_key, list):
            if not resource.primary_key:
                report.error(
                    path, "primary_key", f"`{report.at(path)}` is an empty list.", "Name a column, or remove it."
                )
            elif len(set(resource.primary_key)) != len(resource.primary_key):
                report.error(path, "primary_key", f"`{report.at(path)}` names a column twice.", "Name each once.")


CHECKS = (json_paths, key_once)
