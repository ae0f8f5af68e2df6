"""A page per connector and one of all, generated from the files.

`python -m tests.connectors.pages` writes them and the packaged index; `make docs` does so too. With `--check` it only
says what is not as it would be written.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dinobase.mutate.endpoints import operation, table_name
from dinobase.spec.credentials import flag_of
from dinobase.spec.models import Connector, Resource
from tests.connectors.catalogue import INDEX, Entry, asks_for_changes, entries, index_text, totals
from tests.connectors.vendors import ROOT

PAGES = ROOT / "docs" / "connectors"
_HEAD = "<!-- Generated from the connector files by `make docs`. -->"
_WORDS = {"spec": "the vendor's specification", "emulator": "the emulator", "live": "a run against the service"}


def pages() -> dict[Path, str]:
    """Return every file that is generated, with its text."""
    found = entries()
    made = {PAGES / f"{e.connector.name}.md": page(e) for e in found}
    return {INDEX: index_text(), PAGES / "index.md": overview(found), **made}


def overview(found: list[Entry]) -> str:
    """Return the page of all connectors: totals, then by category."""
    ways = Counter(filter(None, (asks_for_changes(r) for e in found for r in e.connector.resources)))
    live = sum("live" in e.proven for e in found)
    by_spec = [e for e in found if e.by_spec]
    thin = [e.connector.name for e in by_spec if not e.fields_by_spec]
    lines = [_HEAD, "", "# Connectors", "", "| what | count |", "|---|---|"]
    lines += [f"| {name} | {count:,} |" for name, count in totals(found).items()]
    lines += [
        "",
        "*spec*: paths, parameters, selectors, keys, cursors, columns and write bodies are held against the",
        "vendor's own specification, claim by claim. *emulator*: a server that answers as the file says was synced,",
        "changed, synced again and written to by SQL. Known gaps are claims that a specification does not show; each",
        "page lists them with the documentation that does; of a claim that is named there by its place nothing is",
        "proven. Claims that a specification leaves open (a free map says nothing against any name) are not counted as",
        "confirmed. A connector counts as proven by a specification that has at least half of its paths.",
        "",
        f"Of the {len(by_spec)} that are proven by a specification, {len(by_spec) - len(thin)} have fields confirmed",
        "too: at least half of their tables, each by at least half of the fields that the file names. Of the other",
        f"{len(thin)} (*spec (paths)* below) paths, methods and parameters are confirmed, but few answers or none:",
        f"{', '.join(thin) or 'none'}.",
        "",
        f"*live* is a run against the service itself, with an account there: {live or 'none'} of them had one.",
        "Try yours first: `dinobase connector test NAME` reads a page of each table and keeps nothing.",
        "",
        f"*by change*: a later sync asks {ways['filter']:,} tables by a filter or a token,",
        f"{ways['order']:,} by a listing with the last change first, and {ways['parents']:,} under those parents alone",
        "that have changed. All others are read in full.",
    ]
    categories = sorted({e.connector.category or "other" for e in found})
    for category in categories:
        lines += ["", f"## {category}", "", "| connector | proven | tables | by change | writes | gaps | what |"]
        lines.append("|---|---|---|---|---|---|---|")
        for e in found:
            c = e.connector
            if (c.category or "other") == category:
                counts = f"{len(c.resources)} | {e.incremental} | {len(c.write_endpoints)} | {len(c.known_gaps)}"
                by = ", ".join(f"{p} (paths)" if p == "spec" and not e.fields_by_spec else p for p in e.proven)
                lines.append(f"| [{c.name}]({c.name}.md) | {by} | {counts} | {cell(c.description)} |")
    return "\n".join(lines) + "\n"


def page(found: Entry) -> str:
    """Return a connector's page."""
    connector = found.connector
    lines = [_HEAD, "", f"# {connector.name}", "", connector.description, ""]
    by = " and ".join(_WORDS[p] for p in found.proven)
    counted = f" ({_counted(found)})" if found.by_spec else ""
    untried = "" if "live" in found.proven else "; not run against the service itself"
    facts = [f"Category: {connector.category or 'other'}", f"Proven by {by}{counted}{untried}"]
    facts += [f"[The API's documentation]({connector.docs_url})"] if connector.docs_url else []
    facts += [_limit(connector)] if connector.client.rate_limit else []
    lines += [f"- {fact}" for fact in facts]
    lines += ["", "## Connect", "", "```", f"dinobase add {connector.name}", "```", ""]
    lines += _credentials(connector)
    lines += ["", "## Tables", "", "| table | what a row is | key | how it is read |", "|---|---|---|---|"]
    lines += [_table(resource) for resource in connector.resources]
    if connector.write_endpoints:
        lines += ["", "## Writes", "", "| table | SQL | endpoint | what it does |", "|---|---|---|---|"]
        lines += list(_writes(connector))
    if connector.known_gaps:
        lines += ["", "## Known gaps", "", "What the vendor's specification does not show, and the page that does:", ""]
        lines += [f"- {cell(gap.claim)} ([page]({gap.page}))" for gap in connector.known_gaps]
    return "\n".join(lines) + "\n"


def _counted(found: Entry) -> str:
    """Say how many claims the specification confirms, how many it leaves open, how many it lacks."""
    parts = [f"{found.claims} claims confirmed"]
    parts += [f"{found.left_open} left open: it says nothing of them"] if found.left_open else []
    parts += [f"{found.waived} places are known gaps"] if found.waived else []
    return "; ".join(parts) + ("" if found.fields_by_spec else "; mostly paths, methods and parameters, not fields")


def _limit(connector: Connector) -> str:
    limit = connector.client.rate_limit
    return f"At most {limit.requests} requests per {limit.per}" if limit is not None else ""


def _credentials(connector: Connector) -> list[str]:
    if not connector.credentials:
        return ["No credentials are needed."]
    lines = ["| what | flag | environment | where it is found |", "|---|---|---|---|"]
    for c in connector.credentials:
        optional = "" if c.required and c.default is None else " (optional)"
        env = f"`{c.env}`" if c.env else ""
        lines.append(f"| {cell(c.prompt or c.name)}{optional} | `{flag_of(c)}` | {env} | {cell(c.help)} |")
    return lines


def _table(resource: Resource) -> str:
    keys = [resource.primary_key] if isinstance(resource.primary_key, str) else resource.primary_key or []
    how = []
    if resource.incremental is not None and asks_for_changes(resource):
        how.append(f"changes by `{resource.incremental.cursor_path or resource.incremental.token_path}`")
    if resource.parent is not None:
        changed = "changed " * resource.parent.only_changed
        how.append(f"for each {changed}row of `{resource.parent.resource}`")
    if not resource.selected:
        how.append("on demand")
    text = ", ".join(how) or "in full"
    return f"| `{resource.name}` | {cell(resource.description or '')} | {', '.join(f'`{k}`' for k in keys)} | {text} |"


def _writes(connector: Connector) -> Iterator[str]:
    verbs = {"create": "INSERT", "update": "UPDATE", "delete": "DELETE", "upsert": "INSERT, UPDATE"}
    for write in connector.write_endpoints:
        many = f", up to {write.max_batch_size} rows" if write.bulk and write.max_batch_size else ""
        where = f"`{write.method} {write.path}`" if write.path else "GraphQL"
        what = f"{cell(write.description)}{many}"
        yield f"| `{table_name(connector, write)}` | {verbs[operation(write)]} | {where} | {what} |"


def cell(text: str) -> str:
    """Return a text that a table's cell may hold."""
    return " ".join(text.split()).replace("|", "\\|")


def main(words: list[str]) -> int:
    """Write what differs, or say so."""
    made = pages()
    differ = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    stale = [path for path in PAGES.glob("*.md") if path not in made]
    if "--check" in words:
        for path in [*differ, *stale]:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not up to date: make docs\n")
        return 1 if differ or stale else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for path in differ:
        path.write_text(made[path], encoding="utf-8")
    for path in stale:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
