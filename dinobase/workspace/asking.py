"""Questions in SQL and whose rules hold for them; old data is brought up to date where the question wants it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from dinobase.workspace.writing import Writing

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.core.errors import QueryTimeout
    from dinobase.query.decision import Lookup, Told
    from dinobase.query.engine import QueryEngine


class Asking(Writing):
    """A folder that can be asked; the rest of a workspace is made on this."""

    def engine(
        self, identity: str = "cli", *, stuck: Callable[[QueryTimeout], object] | None = None, keep: int = 0
    ) -> QueryEngine:
        """Return what answers an identity's queries, under its access rules."""
        from dinobase.query.engine import QueryEngine
        from dinobase.spec.config_plain import plain_config
        from dinobase.workspace import rules

        config = plain_config(self.paths)
        pii = rules.finder(self.paths, config)
        found = QueryEngine.from_config(self.paths, config, stuck=stuck, keep=keep, identity=identity, pii=pii)
        found.live = self.live(found, identity)
        return found

    def live(self, engine: QueryEngine, identity: str = "cli") -> Callable[[tuple[Lookup, ...]], Told]:
        """Return what reads single records of stale tables at their source."""
        itself = weakref.ref(engine)  # it holds this: in a circle its connections would stay open until it is found

        def look_up(lookups: tuple[Lookup, ...]) -> Told:
            from dinobase.workspace.live import Live

            asking = itself()
            assert asking is not None
            return Live(self.paths, self.config, self.guard(identity), asking)(lookups)

        return look_up

    def guard(self, identity: str) -> Guard | None:
        """Return an identity's access rules, None where it may read everything."""
        from dinobase.workspace import rules

        return rules.guard(self.paths, identity)

    def identity(self, name: str) -> str:
        """Return the identity that `--as` names, `cli` for none; raises UnknownName."""
        from dinobase.workspace import rules

        return rules.check_identity(self.paths, name) if name else "cli"
