"""Paginators that can go on: each has where its token goes, and nobody else sets its parameters."""

from __future__ import annotations

from dinobase.kinds.paginate import Paginator
from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.paginate.offset import Offset
from dinobase.kinds.paginate.page_number import PageNumber
from dinobase.kinds.paginate.relay import Relay
from dinobase.spec.models import Connector, Resource
from dinobase.spec.report import Path, Report


def complete(report: Report, connector: Connector) -> None:
    """Require what a paginator needs beside its required keys."""
    for path, paginator, resource in _all(connector):
        if isinstance(paginator, Cursor):
            if bool(paginator.cursor_param) == bool(paginator.cursor_body_path):
                said = "both" if paginator.cursor_param else "neither of"
                hint = "`cursor_param` puts it into the query, `cursor_body_path` into the body of a POST."
                message = f"{report.at(path)} has {said} cursor_param and cursor_body_path."
                report.error(path, "paginator", message, hint, key=True)
            elif (
                paginator.cursor_body_path
                and resource
                and resource.endpoint.method == "GET"
                and connector.type == "rest"
            ):
                message = f"`{resource.name}` is asked for by GET, which has no body for the cursor."
                report.error((*path, "cursor_body_path"), "paginator", message, "Add `method: POST` to its endpoint.")
        if isinstance(paginator, PageNumber):
            if paginator.page_size_param and paginator.page_size is None:
                message = f"`page_size` is missing in {report.at(path)}: page_size_param sends it."
                report.error((*path, "page_size"), "missing_key", message)
            for number, status in enumerate(paginator.stop_statuses):
                if not 400 <= status <= 599:  # HTTP's classes of failures
                    place = (*path, "stop_statuses", number)
                    report.error(place, "status", f"`{report.at(place)}` is {status}.", "Allowed: 400 to 599.")
        if isinstance(paginator, Relay) and connector.type == "rest":
            hint = "Allowed: cursor, json_link, header_link, offset, page_number, single_page."
            report.error((*path, "type"), "paginator", f"`{report.at(path)}`: relay is for GraphQL.", hint)


def continuing(report: Report, connector: Connector) -> None:
    """Require of a place for further pages that it is one on the host, and that the cursor goes into a body."""
    for path, paginator, _ in _all(connector):
        if not isinstance(paginator, Cursor) or not paginator.continue_path:
            continue
        if not paginator.cursor_body_path or not paginator.continue_path.startswith("/"):
            place = (*path, "continue_path")
            message = f"`{report.at(place)}` is where the cursor is sent in a body, a path from the host on."
            report.error(place, "paginator", message, "Such as /2/files/list_folder/continue, beside cursor_body_path.")


def in_bodies(report: Report, connector: Connector) -> None:
    """Refuse a GET whose page would go into its body."""
    for path, paginator, resource in _all(connector):
        if not isinstance(paginator, Offset | PageNumber) or paginator.location == "query" or connector.type != "rest":
            continue
        if resource is not None and resource.endpoint.method == "GET":
            message = f"`{resource.name}` is asked for by GET, which has no body for the page."
            report.error((*path, "location"), "paginator", message, "Add `method: POST` to its endpoint.")


def own_params(report: Report, connector: Connector) -> None:
    """Warn where `params` sets a paginator's own parameter."""
    for index, resource in enumerate(connector.resources):
        paginator = resource.endpoint.paginator or connector.client.paginator
        for name, value in _own(paginator).items():
            if name in resource.endpoint.params and resource.endpoint.params[name] != value:
                path: Path = ("resources", index, "endpoint", "params", name)
                message = f"`{report.at(path)}` is the paginator's own parameter: the paginator's value holds."
                report.warn(path, "paginator_param", message, "Remove it from `params`.", key=True)


def _all(connector: Connector) -> list[tuple[Path, Paginator | None, Resource | None]]:
    found: list[tuple[Path, Paginator | None, Resource | None]] = [
        (("client", "paginator"), connector.client.paginator, None)
    ]
    for index, resource in enumerate(connector.resources):
        found.append((("resources", index, "endpoint", "paginator"), resource.endpoint.paginator, resource))
        found.append((("resources", index, "paginator"), resource.paginator, resource))
    return found


def _own(paginator: Paginator | None) -> dict[str, int | None]:
    """Return the parameters that a paginator sets; None stands for a value that changes."""
    if isinstance(paginator, Cursor) and paginator.cursor_param:
        return {paginator.cursor_param: None}
    if isinstance(paginator, Offset | PageNumber) and paginator.location == "body":
        return {}
    if isinstance(paginator, Offset):
        return {paginator.offset_param: None, paginator.limit_param: paginator.limit}
    if isinstance(paginator, PageNumber):
        own: dict[str, int | None] = {paginator.page_param: None}
        if paginator.page_size_param:
            own[paginator.page_size_param] = paginator.page_size
        return own
    return {}


CHECKS = (complete, continuing, in_bodies, own_params)
