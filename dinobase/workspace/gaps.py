"""What a source leaves unsaid, for one identity: with samples as its access rules show them."""

from __future__ import annotations

from collections.abc import Sequence

from dinobase.catalog.annotations import Book
from dinobase.catalog.dress import dress
from dinobase.catalog.gaps import MISSING, SAMPLED, Gaps, gaps_of
from dinobase.core import errors
from dinobase.workspace import describing, profiling, relating

_SECONDS = 10.0  # after which no further table is looked at for what it joins


def gaps(
    workspace: describing.Workspace, name: str, *, kinds: Sequence[str] = (), limit: int = 0, identity: str = "cli"
) -> Gaps:
    """Return the gaps of a connector, or of one of its tables."""
    unknown = [kind for kind in kinds if kind not in MISSING]
    if unknown:
        near = errors.did_you_mean(unknown[0], MISSING)
        hint = f"Did you mean {near}?" if near else f"There are: {', '.join(MISSING)}."
        raise errors.UsageError(f"Nothing can be missing that is called `{unknown[0]}`", hint=hint)
    schema = name.partition(".")[0]
    relating.before_describing(workspace, [schema], seconds=_SECONDS)
    tables = describing.bare(workspace, [schema], SAMPLED, identity)
    only = describing.bare(workspace, [name], 0, identity)[0].table if "." in name else ""
    source = tables[0].schema
    words = Book(workspace.paths.state, workspace.storage().catalog).words(source)
    dressed = [dress(table, words) for table in tables]
    wanted = [table for table in dressed if not only or table.table == only]
    seen = {table.table: table for table in profiling.filled(workspace, wanted, {source: words}, identity, full=True)}
    dressed = [seen.get(table.table, table) for table in dressed]
    return gaps_of(name, dressed, words, kinds or MISSING, limit, only)
