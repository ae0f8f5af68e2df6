"""One folder of settings, credentials and lakes, and all that can be done with it; imports wait for their use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dinobase.core import errors
from dinobase.core.values import Event, Observer
from dinobase.workspace.asking import Asking

if TYPE_CHECKING:
    from dinobase.access.tokens import TokenBook
    from dinobase.catalog.annotations import Origin
    from dinobase.catalog.gaps import Gaps
    from dinobase.catalog.info import Info
    from dinobase.catalog.search import Found
    from dinobase.catalog.tables import TableDescription
    from dinobase.query.decision import Told
    from dinobase.query.difference import TableDiff
    from dinobase.query.history import TableHistory
    from dinobase.query.result import QueryResult
    from dinobase.spec.credentials import Ask
    from dinobase.spec.models import Connector
    from dinobase.sync.report import DryRun, SyncReport
    from dinobase.workspace import results
    from dinobase.workspace.annotating import Annotated, Annotations
    from dinobase.workspace.authorizing import Person
    from dinobase.workspace.filling import Filling
    from dinobase.workspace.mcp import Mcp
    from dinobase.workspace.metrics import Metrics
    from dinobase.workspace.setting import Settled
    from dinobase.workspace.upkeep import Maintained


class Workspace(Asking):
    """What `dinobase` does, as methods with typed results; every failure is a DinobaseError."""

    def init(self, *, storage: str | None = None, catalog: str | None = None) -> results.Initialised:
        """Make the workspace, or change where its data goes."""
        from dinobase.workspace import setup

        return setup.init(storage=storage, catalog=catalog, paths=self.paths)

    def known(self) -> list[str]:
        """Return every name that `add` takes, from file names alone."""
        from dinobase.sync import registry

        return registry.known(self.paths)

    def credentials_of(self, kind: str) -> list[results.CredentialInfo]:
        """Return what `add` of this connector asks for."""
        from dinobase.spec import compiled
        from dinobase.spec.credentials import flag_of
        from dinobase.sync import registry
        from dinobase.workspace.results import CredentialInfo

        entry = self.config().connectors.get(kind)
        type_ = entry.type if entry else kind
        found = registry.python_kind(type_, self.paths)
        definition = found or compiled.load(registry.definition(type_, self.paths), self.paths)
        return [
            CredentialInfo(c.name, flag_of(c), c.env, c.prompt, secret=c.secret, required=c.required, help=c.help)
            for c in definition.credentials
        ]

    def add(
        self,
        kind: str,
        *,
        name: str | None = None,
        given: Mapping[str, str] | None = None,
        ask: Ask | None = None,
        resources: Sequence[str] | None = None,
        check: bool = True,
        replace: bool = False,
    ) -> results.Added:
        """Connect an API; nothing is kept where the check is refused."""
        from dinobase.workspace import adding

        added = adding.add(
            kind,
            name=name,
            given=given or {},
            ask=ask,
            resources=resources,
            check=check,
            replace=replace,
            paths=self.paths,
        )
        if added.in_place and check:
            from dinobase.workspace import looking

            return looking.look(added, self.paths)
        return added

    def authorize(
        self, name: str, person: Person, *, redirect: str = "", timeout: float = 300.0, check: bool = True
    ) -> results.Authorized:
        """Have a person allow the access to a connected API; raises where nobody does."""
        from dinobase.workspace import authorizing, loopback

        self.connector(name)
        back = redirect or f"http://127.0.0.1:{loopback.PORT}/callback"
        return authorizing.authorize(name, person, redirect=back, timeout=timeout, check=check, paths=self.paths)

    def remove(self, name: str, *, keep_data: bool = False) -> results.Removed:
        """Disconnect."""
        from dinobase.workspace import adding

        self.connector(name)
        return adding.remove(name, keep_data=keep_data, paths=self.paths)

    def connectors(self, search: str = "", *, identity: str = "cli") -> results.Connectors:
        """List what is connected."""
        from dinobase.workspace import overview

        return overview.connectors(search, self.paths, self.guard(identity))

    def available(self, search: str = "") -> results.Available:
        """List what could be connected."""
        from dinobase.workspace import definitions

        return definitions.available(self.paths, search)

    def status(self, *, identity: str = "cli", captures: bool = False) -> results.Status:
        """Say how fresh everything is; `captures`: sources that keep their log for us are asked how far it is."""
        from dinobase.workspace import overview

        guard = self.guard(identity)
        found = overview.status_of(self.paths, guard)
        return overview.with_captures(found, self.config(), self.paths, guard) if captures else found

    def doctor(self) -> results.Checkup:
        """Check the installation."""
        from dinobase.workspace import doctor

        return doctor.checkup(self.paths)

    def definitions(self) -> results.Definitions:
        """List connector files."""
        from dinobase.workspace import definitions

        return definitions.list_all(self.paths)

    def connector_create(
        self,
        name: str,
        *,
        url: str = "",
        endpoints: Sequence[str] = (),
        data_selector: str | None = None,
        primary_key: str | None = None,
        auth: str = "bearer",
        replace: bool = False,
        from_openapi: str = "",
    ) -> results.Drafted:
        """Write a first draft of a REST connector, from a specification (a file or an address) or by its endpoints."""
        from dinobase.workspace import draft

        if from_openapi:
            return draft.from_openapi(name, from_openapi, url=url, replace=replace, paths=self.paths)
        return draft.create(
            name,
            url=url,
            endpoints=endpoints,
            data_selector=data_selector,
            primary_key=primary_key,
            auth=auth,
            replace=replace,
            paths=self.paths,
        )

    def connector_validate(self, target: str) -> results.Validated:
        """Check a connector file, by name or path."""
        from dinobase.workspace import definitions

        return definitions.validate(target, self.paths)

    def connector_file_to_edit(self, name: str) -> tuple[Path, bool]:
        """Return the file that the user may change, and whether it was just copied from the packaged one."""
        from dinobase.workspace import definitions

        return definitions.file_to_edit(name, self.paths)

    def connector_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of connector files."""
        from dinobase.workspace import definitions

        return definitions.schema()

    def connector_test(
        self,
        name: str,
        *,
        given: Mapping[str, str] | None = None,
        ask: Ask | None = None,
        resources: Sequence[str] | None = None,
    ) -> results.Tried:
        """Fetch one page per selected resource; nothing is stored."""
        from dinobase.workspace import trying

        return trying.test(name, given=given or {}, ask=ask, resources=resources or (), paths=self.paths)

    def sync(
        self,
        names: Sequence[str] = (),
        *,
        resources: Sequence[str] = (),
        full_refresh: bool = False,
        observe: Observer | None = None,
    ) -> SyncReport:
        """Bring new and changed rows in: of these connectors, or of all."""
        from dinobase.workspace import syncing

        return syncing.sync(
            self._chosen(names, resources),
            resources=resources,
            full_refresh=full_refresh,
            observe=observe or _ignore,
            config=self.config(),
            paths=self.paths,
        )

    def refresh(
        self,
        names: Sequence[str] = (),
        *,
        stale: bool = False,
        observe: Observer | None = None,
        identity: str = "cli",
    ) -> SyncReport:
        """Bring new rows in for an identity: connectors, or tables (`connector.table`); `stale`: only what is old."""
        from dinobase.workspace import refreshing

        return refreshing.refresh(self, names, identity, observe or _ignore, stale=stale)

    def set(self, name: str, words: Sequence[str]) -> Settled:
        """Set `key=value` of a connector: sync_interval, freshness, resources; without words show them."""
        from dinobase.workspace import setting

        return setting.change(self.paths, name, self.connector(name), setting.pairs(words))

    def plan(self, names: Sequence[str] = (), *, resources: Sequence[str] = (), full_refresh: bool = False) -> DryRun:
        """Say what `sync` would ask for; nothing is requested, nothing written."""
        from dinobase.workspace import syncing

        return syncing.dry_run(
            self._chosen(names, resources),
            resources=resources,
            full_refresh=full_refresh,
            config=self.config(),
            paths=self.paths,
        )

    def _chosen(self, names: Sequence[str], resources: Sequence[str]) -> list[str]:
        for name in names:
            self.connector(name)
        chosen = list(dict.fromkeys(names)) or sorted(self.config().connectors)
        if resources and len(chosen) > 1:
            raise errors.UsageError(
                "--resources names tables of one connector", hint=f"dinobase sync {chosen[0]} --resources ..."
            )
        return chosen

    def query(
        self,
        sql: str,
        *,
        max_rows: int = 10_000,
        timeout: float = 60.0,
        identity: str = "cli",
        max_age: float | None = None,
    ) -> QueryResult:
        """Answer one SELECT; `max_age`: from data of so many seconds at most."""
        told = None if max_age is None else self.fresh(sql, max_age, identity=identity)
        return self.engine(identity).run(sql, max_rows=max_rows, timeout=timeout, told=told)

    def fresh(self, sql: str, max_age: float, *, identity: str = "cli", observe: Observer | None = None) -> Told:
        """Bring what a SELECT reads up to date where it is older than so many seconds; says what was done."""
        from dinobase.workspace import bounded

        return bounded.fresh(self, sql, max_age, identity, observe or _ignore)

    def describe(
        self, names: Sequence[str], *, samples: int = 3, identity: str = "cli", full: bool = False
    ) -> list[TableDescription]:
        """Describe tables: `connector.table`, or `connector` for all of its; `full` tells what their rows hold."""
        from dinobase.workspace import describing

        return describing.describe(self, names, samples, identity, full=full)

    def annotate(
        self, words: Sequence[Mapping[str, Any]], *, origin: Origin = "agent", identity: str = "cli"
    ) -> Annotated:
        """Say what connectors, tables and columns mean: `target`, `key`, `value`; `remove` takes a word back."""
        from dinobase.workspace import annotating

        return annotating.annotate(self, words, origin=origin, identity=identity)

    def fill(self, source: str, *, model: str, limit: int = 0, send: bool = False, identity: str = "cli") -> Filling:
        """Have a model say what is missing; without `send` say what it would be asked, and for how much."""
        from dinobase.workspace import filling

        return filling.fill(self, source, model=model, limit=limit, send=send, identity=identity)

    def annotations(self, target: str, *, history: bool = False, identity: str = "cli") -> Annotations:
        """Return what is said of a target and of all below it, strongest first, or everything that ever was."""
        from dinobase.workspace import annotating

        return annotating.listed(self, target, history=history, identity=identity)

    def gaps(self, name: str, *, kinds: Sequence[str] = (), limit: int = 0, identity: str = "cli") -> Gaps:
        """Say what a connector, or one of its tables, leaves unsaid."""
        from dinobase.workspace import gaps

        return gaps.gaps(self, name, kinds=kinds, limit=limit, identity=identity)

    def history(self, table: str, *, limit: int = 0, identity: str = "cli") -> TableHistory:
        """List the versions of a table, newest first."""
        from dinobase.query import history

        connectors = sorted(self.config().connectors)
        return history.history(table, self.storage(), connectors, limit=limit, guard=self.guard(identity))

    def info(self, *, identity: str = "cli") -> Info:
        """Say what is here."""
        from dinobase.workspace import finding

        return finding.info(self, identity)

    def search(self, query: str, *, limit: int = 10, identity: str = "cli") -> Found:
        """Find tables by what they are called, mean and hold."""
        from dinobase.workspace import finding

        return finding.search(self, query, limit, identity)

    def diff(self, table: str, *, since: str, until: str = "", limit: int = 20, identity: str = "cli") -> TableDiff:
        """Compare two versions of a table; each is a version, a time, or a span back from now."""
        from dinobase.workspace import finding

        return finding.diff(self, table, since, until, limit, identity)

    def mcp(self, identity: str = "cli") -> Mcp:
        """Return what connected MCP servers offer an identity."""
        from dinobase.workspace.mcp import Mcp

        return Mcp(self, identity)

    def metrics(self, identity: str = "cli") -> Metrics:
        """Return the metrics that are there for an identity; a SELECT reads one by `FROM metric('mrr')`."""
        from dinobase.workspace.metrics import Metrics

        return Metrics(self, identity)

    def tokens(self) -> TokenBook:
        """Return the tokens of agents."""
        from dinobase.access.tokens import TokenBook

        return TokenBook(self.paths.state, self.config().storage.catalog)

    def maintain(self, names: Sequence[str] = ()) -> Maintained:
        """Merge small files and drop versions past the retention: of these connectors, or of all."""
        from dinobase.workspace import relating, upkeep

        storage = self.storage()
        done = upkeep.all_of([storage.lake(n) for n in self._chosen(names, ())], self.config(), self.paths)
        relating.look_for(self, names or None)
        return done

    def find_connector(self, name: str) -> Connector | None:
        """Return a connected connector's definition; what the lake holds is described even where it is not valid."""
        from dinobase.workspace import describing

        return describing.definition(self, name)


def _ignore(_: Event) -> None:
    return
