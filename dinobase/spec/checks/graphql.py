"""GraphQL connectors: a document per table, its variables, where the nodes are."""

from __future__ import annotations

import re

from dinobase.kinds.paginate.relay import Relay
from dinobase.spec.models import Connector
from dinobase.spec.report import Path, Report

_ENDPOINT_KEYS = {
    "path": "`client.base_url` is the address of all documents.",
    "params": "Use `variables`.",
    "body": "Use `query` and `variables`.",
    "data_selector": "Write it in the resource itself.",
    "paginator": "Write it in the resource itself.",
}


def documents(report: Report, connector: Connector) -> None:
    """Require a query per resource that takes what is given to it."""
    if connector.type != "graphql":
        return
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index)
        for key, hint in _ENDPOINT_KEYS.items():
            if key in resource.endpoint.model_fields_set:
                message = f"`{report.at((*path, 'endpoint', key))}` is for REST."
                report.error((*path, "endpoint", key), "misplaced", message, hint, key=True)
        if not resource.query:
            if not report.faulty((*path, "query")):
                message = f"`query` is missing in {report.at(path)}."
                report.error((*path, "query"), "missing_key", message, "query: the GraphQL document of this table.")
            continue
        if not resource.data_selector and not report.faulty((*path, "data_selector")):
            message = f"`data_selector` is missing in {report.at(path)}."
            hint = "data_selector: where the nodes are, from the body, such as data.orders.nodes."
            report.error((*path, "data_selector"), "missing_key", message, hint)
        paginator = resource.paginator or connector.client.paginator
        if isinstance(paginator, Relay) and not _takes(resource.query, "cursor"):
            message = f"`{report.at((*path, 'query'))}` takes no `$cursor`: every page would be the first."
            hint = "Declare it: `query($cursor: String) { ...(after: $cursor) ... }`."
            report.error((*path, "query"), "graphql_cursor", message, hint)
        _variables(report, (*path, "variables"), resource.query, list(resource.variables))


def mutations(report: Report, connector: Connector) -> None:
    """Require a mutation document per write endpoint."""
    if connector.type != "graphql":
        return
    for index, write in enumerate(connector.write_endpoints):
        path: Path = ("write_endpoints", index)
        if not write.mutation:
            message = f"`mutation` is missing in {report.at(path)}."
            report.error((*path, "mutation"), "missing_key", message, "mutation: the GraphQL document of this write.")
            continue
        _variables(report, (*path, "variables"), write.mutation, list(write.variables))
        body = write.request_body_path
        if body and not _takes(write.mutation, body.split(".")[0]):
            place = (*path, "request_body_path")
            message = f"`{report.at(place)}` is `{body}`, which the mutation does not take."
            report.error(place, "graphql_variable", message, f"Declare `${body.split('.')[0]}` in the document.")


def _variables(report: Report, path: Path, document: str, given: list[str]) -> None:
    for name in given:
        if not _takes(document, name):
            declared = sorted(set(re.findall(r"\$(\w+)\s*:", document)))
            message = f"`{report.at((*path, name))}`: the document does not take `${name}`."
            hint = f"It declares: {', '.join(declared) or 'none'}."
            report.error((*path, name), "graphql_variable", message, hint, key=True)


def _takes(document: str, name: str) -> bool:
    return re.search(rf"\${re.escape(name)}\b", document) is not None


CHECKS = (documents, mutations)
