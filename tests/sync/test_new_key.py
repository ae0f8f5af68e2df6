"""A connector file whose keys change: the tables have each row once, as if the file had always been so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sync.shop import Asked, shop


def company(asked: Asked) -> Any:
    """People of teams; `since` filters as an API would."""
    if asked.path.count("/") == 3:
        return [{"id": 1, "text": asked.path}, {"id": 2, "text": asked.path}]
    people: list[dict[str, Any]] = [{"id": n % 2, "team": n // 2, "mail": f"m{n}", "at": n} for n in range(4)]
    return [person for person in people if person["at"] >= int(asked.params.get("since", 0))]


def people(key: str, more: str = "") -> str:
    return f"resources: [{{name: people, primary_key: {key}{more}}}]"


def notes(parent: str, field: str = "mail") -> str:
    return f"""
    resources:
    - {{name: {parent}, primary_key: mail, endpoint: {{path: people}}}}
    - name: notes
      primary_key: id
      endpoint: {{path: "people/{{who}}/notes"}}
      parent: {{resource: {parent}, field: {field}, param: who, only_changed: true}}
    """


INCREMENTAL = ', endpoint: {params: {since: "{incremental.start_value}"}}, incremental: {cursor_path: at, order: asc}'


async def test_rows_that_a_coarser_key_does_not_tell_apart_become_one(tmp_path: Path) -> None:
    async with shop(tmp_path, company, people("[id, team]")) as it:
        await it.sync()
        assert len(it.rows("SELECT * FROM lake.people")) == 4
        it.define(people("id"))
        report = (await it.sync())["people"]
        assert it.rows("SELECT id, mail FROM lake.people ORDER BY id") == [(0, "m2"), (1, "m3")]
        assert report.total_rows == 2
        assert any("key has changed" in note for note in report.notes)
        assert (await it.sync())["people"].status == "unchanged"


async def test_a_new_key_lists_everything_once_more_although_a_cursor_is_committed(tmp_path: Path) -> None:
    async with shop(tmp_path, company, people("id", INCREMENTAL)) as it:
        await it.sync()
        it.define(people("mail", INCREMENTAL))
        assert (await it.sync())["people"].mode == "full"
        assert it.column("SELECT mail FROM lake.people ORDER BY 1") == ["m0", "m1", "m2", "m3"]
        assert (await it.sync())["people"].mode == "incremental"


async def test_children_of_a_renamed_parent_are_there_once(tmp_path: Path) -> None:
    async with shop(tmp_path, company, notes("people")) as it:
        await it.sync()
        assert it.column("SELECT count(*) FROM lake.notes") == [8]
        it.define(notes("staff"))
        await it.sync()
        assert it.column("SELECT count(*) FROM lake.notes WHERE _staff_mail IS NOT NULL") == [8]
        assert it.column("SELECT count(*) FROM lake.notes") == [8]


async def test_a_full_refresh_visits_parents_that_have_not_changed_too(tmp_path: Path) -> None:
    async with shop(tmp_path, company, notes("people")) as it:
        await it.sync()
        it.api.asked.clear()
        await it.sync()
        assert [asked.path for asked in it.api.asked] == ["/people"]
        await it.sync(full_refresh=True)
        assert len(it.api.asked) == 1 + 1 + 4
