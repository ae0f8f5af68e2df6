"""A connector's name is typed in every query, so it is one that SQL takes bare."""

from __future__ import annotations

import re

from dinobase.core.errors import UsageError

_SHAPE = re.compile(r"[a-z][a-z0-9_]*\Z")
_LONGEST = 58  # `lake_<name>` must fit PostgreSQL's 63

OWNED = frozenset({"main", "temp", "system", "memory", "information_schema", "pg_catalog", "result"})

# Every word that DuckDB refuses as a bare catalog name; a test asks DuckDB's parser about each.
RESERVED = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check
    collate collation column concurrently constraint create cross default deferrable desc describe distinct do else
    end except false fetch for foreign freeze from full glob group having ilike in initially inner intersect into is
    isnull join lambda lateral leading left like limit natural not notnull null offset on only or order outer overlaps
    pivot pivot_longer pivot_wider placing positional primary qualify references returning right select semi show
    similar some summarize symmetric table tablesample then to trailing true union unique unpack unpivot using
    variadic verbose when where window with
    """.split()  # noqa: SIM905 - a list literal would be a hundred lines
)


def check(name: str) -> str:
    """Return the name, or raise with one that would do."""
    proposal = propose(name)
    if name == proposal:
        return name
    if name in RESERVED:
        reason = f"`{name}` is a word of SQL and would have to be quoted in every query"
    elif name in OWNED:
        reason = f"`{name}` belongs to the database itself"
    elif name.startswith("_"):
        reason = f"`{name}` begins with `_`, which is kept for Dinobase's own tables"
    elif len(name) > _LONGEST:
        reason = f"`{name}` has {len(name)} characters, {_LONGEST} are allowed"
    else:
        reason = f"`{name}` is not a name that SQL takes without quotes: a-z, then a-z, 0-9 and _"
    raise UsageError(reason, code="name.refused", hint=f"Use `--name {proposal}`.", name=name, proposal=proposal)


def propose(name: str) -> str:
    """Return the nearest name that `check` takes; the name itself where it does."""
    text = name if _SHAPE.match(name) else re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not text:
        return "connector"
    if text[0].isdigit():
        text = f"c_{text}"
    text = text[:_LONGEST]
    return f"{text}_" if text in RESERVED or text in OWNED else text
