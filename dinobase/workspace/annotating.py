"""Words about connectors, tables and columns: said, taken back, listed; comments in the lake follow descriptions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from dinobase.access.policy import policy_of
from dinobase.catalog import annotation_rules as rules
from dinobase.catalog.annotations import CONFIDENCE, ORIGINS, Book, Origin, Said, Target, Value, Words, beats_file
from dinobase.catalog.dress import COLUMN, place_in
from dinobase.catalog.tables import ColumnDescription, JsonPath, TableDescription
from dinobase.core import errors
from dinobase.lake.connection import Writer
from dinobase.load import comments
from dinobase.spec.config_plain import plain_config
from dinobase.workspace import describing


class Word(msgspec.Struct, forbid_unknown_fields=True):
    """What `annotate` takes in its JSON form, one of a list; `value` or `remove`."""

    target: str
    key: str
    value: str | bool | list[str] | dict[str, str] | None = None
    remove: bool = False
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class WordSaid:
    """What came of one word; `counts` is the value that counts now, and `counts_of` whose it is."""

    target: str
    key: str
    status: str
    origin: str
    value: Value | None
    counts: Value | None
    counts_of: str | None


@dataclass(frozen=True, slots=True)
class Annotated:
    """All words of one call; `comments` in the lake were changed with them, else the next sync does it."""

    annotations: Sequence[WordSaid]
    comments: int
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AnnotationSeen:
    """One word; one that does not count stands behind a stronger one, or was taken back or followed by another."""

    target: str
    key: str
    value: Value | None
    origin: str
    confidence: float
    counts: bool
    author: str = ""
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Annotations:
    """What is said of a target and of all below it."""

    target: str
    annotations: Sequence[AnnotationSeen]


def input_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `annotate --json` takes."""
    schema = msgspec.json.schema(list[Word])
    keys = "; ".join(f"{key}: {what}" for key, what in rules.KEYS.items())
    told = {
        "target": "connector, connector.table or connector.table.column; a place inside JSON as column.path",
        "key": f"{keys}; or a word of your own",
        "value": "what is said",
        "remove": "take the strongest word of this key back instead",
        "confidence": "0 to 1; the default follows the origin",
    }
    for name, facts in schema["$defs"]["Word"]["properties"].items():
        facts["description"] = told[name]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "dinobase annotate", **schema}


def annotate(
    workspace: describing.Workspace, words: Sequence[Mapping[str, Any]], *, origin: Origin, identity: str
) -> Annotated:
    """Add words, or none of them where one is wrong."""
    given = _given(words)
    targets = [rules.target_of(word.target) for word in given]
    seen = _Seen(workspace, identity, [target for target in targets if target.table])
    places = [seen.resolved(target) for target in targets]
    seen.permit(places)
    book = Book(workspace.paths.state, workspace.storage().catalog)
    before = {name: book.words(name) for name in dict.fromkeys(place.connector for place in places)}
    said = [
        _said(word, place, before[place.connector], origin, identity) for word, place in zip(given, places, strict=True)
    ]
    news = book.say(said)
    after = {name: book.words(name) for name in before}
    done = [_done(one, seen, after[one.target.connector], is_news=new) for one, new in zip(said, news, strict=True)]
    changed = [one.target for one, new in zip(said, news, strict=True) if new and one.key == "description"]
    count, notes = _comment(workspace, seen, after, [target for target in changed if target.table])
    return Annotated(done, count, [*notes, *seen.not_met(one.target for one in said if one.value is not None)])


def listed(workspace: describing.Workspace, text: str, *, history: bool, identity: str) -> Annotations:
    """Return the words of a target and of all below it."""
    target = rules.target_of(text)
    seen = _Seen(workspace, identity, [target])
    place = seen.resolved(target)
    book = Book(workspace.paths.state, workspace.storage().catalog)
    words = book.words(place.connector)
    if history:
        said = book.history(place.connector)
    else:
        said = [one for keys in words.said.values() for several in keys.values() for one in several]
        said += seen.declared(place.connector)
    found = [_row(one, words, seen) for one in said if _below(one.target, place) and seen.shows(one.target)]
    if not history:
        found.sort(key=lambda row: (row.target, row.key, ORIGINS.index(row.origin)))
    return Annotations(str(place), found)


def _given(words: Sequence[Mapping[str, Any]]) -> list[Word]:
    try:
        given = msgspec.convert(words, list[Word])
    except msgspec.ValidationError as error:
        raise errors.UsageError(
            f"The annotations are not as they should be: {error}",
            code="annotation.input",
            hint="dinobase annotate --input-schema",
        ) from None
    for word in given:
        if word.confidence is not None and not 0 <= word.confidence <= 1:
            raise errors.UsageError(
                f"A confidence is between 0 and 1, not {word.confidence:g}", code="annotation.value", hint="0.8"
            )
        if word.remove == (word.value is not None):
            what = "both a value and `remove`" if word.remove else "neither a value nor `remove`"
            raise errors.UsageError(
                f"{word.target} {word.key} has {what}",
                code="annotation.input",
                hint=f"dinobase annotate {word.target} {word.key} VALUE, or --remove.",
            )
    return given


def _said(word: Word, target: Target, words: Words, origin: Origin, identity: str) -> Said:
    key = rules.checked_key(word.key, target)
    if word.remove:
        return _taken_back(key, target, words, origin, identity)
    value = rules.checked_value(key, word.value, origin)
    confidence = CONFIDENCE[origin] if word.confidence is None else word.confidence
    return Said(target, key, value, origin, confidence, identity)


def _taken_back(key: str, target: Target, words: Words, origin: Origin, identity: str) -> Said:
    everything = words.keys(target.table, target.column).get(key, ())
    there = [one for one in everything if one.origin != "source"]  # the next sync would say it again
    if everything and not there:
        raise errors.UsageError(
            f"{target} {key} is what the source itself says",
            code="annotation.source",
            hint=f"Say what counts instead: dinobase annotate {target} {key} VALUE; or change it there and sync.",
        )
    if not there:
        known = words.keys(target.table, target.column)
        raise errors.UnknownName(
            f"Nothing was said here of {target} {key}",
            code="unknown.annotation",
            hint=f"There is: {', '.join(known)}." if known else f"dinobase annotations {target}",
        )
    own = [one for one in there if origin == "person" or one.origin != "person"]
    taken = own[0] if own else there[0]
    rules.may_take_back(key, taken.origin, origin)
    return replace(taken, value=None, author=identity)


def _done(said: Said, seen: _Seen, words: Words, *, is_news: bool) -> WordSaid:
    target = said.target
    known = seen.file_value(target, said.key)
    strongest = words.keys(target.table, target.column).get(said.key, ())
    counts = words.value(said.key, known, target.table, target.column)
    of_file = known is not None and not (strongest and beats_file(strongest[0].origin))
    whose = "connector" if of_file else strongest[0].origin if strongest else None
    status = "unchanged" if not is_news else "removed" if said.value is None else "set"
    return WordSaid(str(target), said.key, status, said.origin, said.value, counts, whose)


def _row(said: Said, words: Words, seen: _Seen) -> AnnotationSeen:
    target = said.target
    strongest = words.keys(target.table, target.column).get(said.key, ())
    known = seen.file_value(target, said.key)
    if said.origin == "connector":
        counts = not (strongest and beats_file(strongest[0].origin))
    else:
        same = bool(strongest) and strongest[0].place == said.place
        counts = same and (beats_file(said.origin) or known is None)
    return AnnotationSeen(
        str(target), said.key, said.value, said.origin, said.confidence, counts, said.author, said.at or None
    )


def _below(target: Target, place: Target) -> bool:
    parts = ((target.table, place.table), (target.column, place.column))
    return target.connector == place.connector and all(
        not wanted
        or part.lower() == wanted.lower()
        or part.lower().startswith((f"{wanted.lower()}.", f"{wanted.lower()}["))
        for part, wanted in parts
    )


def _comment(
    workspace: describing.Workspace, seen: _Seen, words: Mapping[str, Words], targets: Sequence[Target]
) -> tuple[int, list[str]]:
    """Write what tables and columns mean now into the lakes; where that fails, the next sync does it."""
    count = 0
    for name in dict.fromkeys(target.connector for target in targets):
        texts: dict[str, dict[str, str]] = {}
        for target in (one for one in targets if one.connector == name):
            known = seen.file_value(target, "description")
            text = words[name].value("description", known, target.table, target.column)
            texts.setdefault(target.table, {})[target.column] = str(text or "")
        temp = workspace.paths.make(workspace.paths.cache) / "tmp" / f"annotate-{os.getpid()}"
        try:
            writer = Writer(workspace.storage().lake(name), temp)
            try:
                with writer.locked(workspace.paths.state, timeout=30.0):
                    writer.attach()
                    count += comments.change(writer, texts)
            finally:
                writer.close()
        except errors.DinobaseError as error:
            return count, [f"The lake's comments are as they were until the next sync: {error.message}"]
    return count, []


class _Seen:
    """The tables that were asked about, as they are for an identity and without any word of ours."""

    def __init__(self, workspace: describing.Workspace, identity: str, targets: Sequence[Target]) -> None:
        self._workspace = workspace
        self._identity = identity
        self._guard = workspace.guard(identity)
        names = dict.fromkeys(f"{t.connector}.{t.table}" if t.table else t.connector for t in targets)
        try:
            found = describing.bare(workspace, list(names), 0, identity) if names else []
        except errors.UnknownName:
            if any(target.table for target in targets):
                raise
            found = []  # connected, never synced
        self._tables = {(t.schema.lower(), t.table.lower()): t for t in found}

    def resolved(self, target: Target) -> Target:
        """Return a target in the lake's own spelling; raises UnknownName."""
        if not target.table:
            return Target(self._connector(target.connector))
        table = self._tables[target.connector.lower(), target.table.lower().removeprefix("main.")]
        if not target.column:
            return Target(table.schema, table.table)
        name, inside = _column_of(table, target.column)
        return Target(table.schema, table.table, name + inside)

    def permit(self, places: Sequence[Target]) -> None:
        """Raise where who asks may say nothing of a target."""
        policy = policy_of(plain_config(self._workspace.paths)["access"], self._identity)
        for place in places:
            if not policy.may_annotate(place.connector, place.table):
                raise errors.UsageError(
                    f"{policy.identity} may not annotate {place}",
                    code="annotation.denied",
                    hint="`writes` in `access:` of config.yaml says what it may write; it annotates that and no more.",
                )

    def _connector(self, name: str) -> str:
        names = {one.lower(): one for one in self._workspace.config().connectors}
        known = names.get(name.lower())
        if known is None or (self._guard is not None and not self._guard.policy.connector(known)):
            shown = [n for n in names.values() if self._guard is None or self._guard.policy.connector(n)]
            near = errors.did_you_mean(name, shown)
            hint = f"Did you mean {near}?" if near else f"Connectors: {', '.join(shown) or 'none'}."
            raise errors.UnknownName(f"There is no connector {name}", code="unknown.connector", hint=hint)
        return known

    def shows(self, target: Target) -> bool:
        """Say whether a target is there for who asks."""
        if not target.table:
            return True
        table = self._tables.get((target.connector.lower(), target.table.lower()))
        if table is None:
            return False
        try:
            return not target.column or bool(_column_of(table, target.column))
        except errors.UnknownName:
            return False

    def not_met(self, places: Iterable[Target]) -> list[str]:
        """Say of places inside JSON that no record has, as far as was looked, that they are kept all the same."""
        found = []
        for place in dict.fromkeys(places):
            table = self._tables.get((place.connector.lower(), place.table.lower()))
            if table is None or not place.column or _part_of(table, place.column):
                continue
            known = [place_in(column.name, path.path) for column in table.columns for path in column.paths or ()]
            near = errors.did_you_mean(place.column, known)
            found.append(f"No record that was looked at has {place}{f'; did you mean {near}?' if near else ''}")
        return found

    def file_value(self, target: Target, key: str) -> Any:
        """Return what the connector's file says, None where it says nothing."""
        if not target.table:
            definition = self._workspace.find_connector(target.connector)
            return (definition.description or None) if definition and key == "description" else None
        table = self._tables.get((target.connector.lower(), target.table.lower()))
        part = table and (_part_of(table, target.column) if target.column else table)
        known = getattr(part, key, None) if key in COLUMN else None
        return known or None

    def declared(self, connector: str) -> Iterator[Said]:
        """Return what the connector's file says of all tables that were asked about."""
        targets = [Target(connector)]
        for table in self._tables.values():
            targets.append(Target(table.schema, table.table))
            for column in table.columns:
                targets.append(Target(table.schema, table.table, column.name))
                inside = [place_in(column.name, path.path) for path in column.paths or ()]
                targets += [Target(table.schema, table.table, place) for place in inside]
        for target in targets:
            for key in COLUMN:
                value = self.file_value(target, key)
                if value is not None:
                    yield Said(target, key, value, "connector", CONFIDENCE["connector"])


def _column_of(table: TableDescription, name: str) -> tuple[str, str]:
    """Return a column's name and the place inside it that is meant."""
    for column in table.columns:
        rest = name[len(column.name) :]
        if name.lower() == column.name.lower():
            return column.name, ""
        if name.lower().startswith(column.name.lower()) and rest[:1] in {".", "["} and column.type == "JSON":
            return column.name, rest
    near = errors.did_you_mean(name, [column.name for column in table.columns])
    listed = ", ".join(column.name for column in table.columns[:30])
    raise errors.UnknownName(
        f"{table.schema}.{table.table} has no column {name}",
        code="unknown.column",
        hint=f"Did you mean {near}?" if near else f"Columns: {listed}.",
    )


def _part_of(table: TableDescription, name: str) -> ColumnDescription | JsonPath | None:
    for column in table.columns:
        if column.name.lower() == name.lower():
            return column
        for path in column.paths or ():
            if place_in(column.name, path.path).lower() == name.lower():
                return path
    return None
