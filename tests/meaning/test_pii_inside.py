"""Personal data inside JSON, lists and structures: told where it stands, masked there, and little else with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.catalog.pii_inside import Places
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.workspace import Workspace
from tests.lake.build import Builder
from tests.meaning.test_profiles import change

IBANS = ("DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606")
CARDS = ("4242424242424242", "5555555555554444", "378282246310005", "6011111111111117", "4000056655665556")


def found(values: Sequence[Any], column: str = "data") -> dict[str, str]:
    places = Places(column)
    for value in values:
        places.add(json.dumps(value))
    return {at: kind for at, (kind, _) in places.found().items()}


def documents(one: Any) -> list[Any]:
    """Return forty values made by a function of their number."""
    return [one(number) for number in range(40)]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (lambda n: {"contact": {"value": f"u{n}@mail.example"}}, {"contact.value": "email"}),
        (lambda n: {"people": [{"who": f"u{n}@mail.example", "age": n}]}, {"people[].who": "email"}),
        (lambda n: [f"u{n}@mail.example"], {"[]": "email"}),
        (lambda n: f"u{n}@mail.example", {"": "email"}),
        (lambda n: {"to": {"iban": IBANS[n % 3]}, "n": n}, {"to.iban": "iban"}),
        (lambda n: {"payment": {"source": CARDS[n % 5]}}, {"payment.source": "card"}),
        (lambda n: {"call": {"from": f"+4179555{n:04d}"}}, {"call.from": "phone"}),
        (lambda n: {"phones": [f"0555 12{n:02d} 33"]}, {"phones[]": "phone"}),
        (lambda n: {"auth": {"api_key": f"sk_live_{n:020d}"}}, {"auth.api_key": "secret"}),
        (lambda n: {"net": {"client": f"203.0.113.{n}"}}, {"net.client": "ip"}),
        (lambda n: {"user": {"first_name": ["Ada", "Bob", "Eve"][n % 3]}}, {"user.first_name": "name"}),
        (lambda n: {"e-mail.address": f"u{n}@mail.example"}, {"*": "email"}),
        (lambda n: {"by": {f"u{n}@mail.example": n}}, {"by.*": "email"}),
        (lambda n: {"by": {f"id{n}": {"reply_to": f"u{n}@mail.example"}}}, {"by.*": "email"}),
    ],
)
def test_each_place_is_told_by_what_stands_there(one: Any, expected: dict[str, str]) -> None:
    assert found(documents(one)) == expected


@pytest.mark.parametrize(
    "one",
    [
        lambda n: {"item": {"name": ["Basic plan", "Pro plan"][n % 2], "number": 1000 + n}},
        lambda n: {"items": [{"name": ["Hammer", "Nail", "Rose Gold"][n % 3], "sku": f"4242-{n}"}]},
        lambda n: {"order": {"number": CARDS[n % 5]}},
        lambda n: {"version": f"1.2.3.{n}", "release": "10.0.0.1"},
        lambda n: {"text": f"write to u{n}@mail.example please"},
        lambda n: {"page": {"token": f"abcdefghijklmnop{n:04d}"}},
        lambda n: {"iban": f"XX00{n:020d}"[:20] if n % 2 else None, "id": f"DE{n:020d}"},
        lambda n: {"amount": 4242424242424242 + n, "at": 1_700_000_000 + n},
        lambda n: {f"field_{k}": k * n for k in range(60)},
        lambda n: {"fields": [{"key": "mail", "value": f"u{n}@mail.example"}, *({"value": k} for k in range(5))]},
    ],
)  # fmt: skip
def test_decoys_are_taken_for_nothing(one: Any) -> None:
    assert found(documents(one)) == {}


def test_a_column_with_very_many_personal_places_is_personal_as_a_whole() -> None:
    assert found(documents(lambda n: {f"mail{k}": f"u{n}@mail.example" for k in range(30)})) == {"": "email"}


def test_text_that_is_no_json_and_values_of_any_depth_say_nothing_and_do_no_harm() -> None:
    places = Places("x")
    for text in ("{", '"\\ud800"', "[" * 5000, "[" * 500 + "]" * 500, "null", "12", ""):
        places.add(text)
    assert places.found() == {}


ROWS = (
    """CREATE TABLE people (id BIGINT, profile JSON, mails VARCHAR[], kin STRUCT("who" VARCHAR, age BIGINT)[],
        tags VARCHAR[], "settings" JSON)""",
    """INSERT INTO people SELECT i, json_object('contact', json_object('reach', 'u' || i || '@mail.example'),
        'plan', 'free', 'cards', json_array('4242424242424242')), ['u' || i || '@mail.example'],
        [{'who': 'k' || i || '@mail.example', 'age': i}], ['a', 'b'], json_object('theme', 'dark')
        FROM range(60) t(i)""",
)
SECRETS = ("@mail.example", "4242")
READS = (
    "profile", "profile->>'$.contact.reach'", "profile.contact.reach", "profile->'contact'->>'reach'",
    "json_extract_string(profile, '/contact/reach')", "profile->'cards'", "profile->>'$.cards[0]'",
    "json_transform(profile, '{\"contact\": {\"reach\": \"VARCHAR\"}}')", "CAST(profile AS VARCHAR)",
    "json_extract(profile, '$..reach')", "json(profile)", "mails", "mails[1]", "kin", "to_json(kin)",
)  # fmt: skip
ACCESS = {"bot": {"pii": "mask"}, "hashed": {"pii": "hash"}, "denied": {"pii": "deny"}}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make(tmp_path_factory.mktemp("inside") / "w")


def make(root: Path) -> Workspace:
    paths = Paths(root)
    builder = Builder(Storage(paths.lakes).lake("desk"))
    builder.commit(*ROWS)
    builder.close()
    paths.make(paths.connectors)
    raw = {"name": "desk", "client": {"base_url": "https://desk.example"}, "resources": [{"name": "people"}]}
    (paths.connectors / "desk.yaml").write_text(yaml.safe_dump(raw))
    paths.config.write_text(yaml.safe_dump({"connectors": {"desk": {"type": "desk"}}, "access": ACCESS}))
    return Workspace(paths)


def everything(workspace: Workspace, sql: str, identity: str) -> str:
    return repr(workspace.query(sql, identity=identity, max_rows=0).rows)


@pytest.mark.parametrize("identity", ["bot", "hashed"])
def test_no_way_into_json_lists_or_structures_shows_what_is_masked(desk: Workspace, identity: str) -> None:
    for sql in (f"SELECT {', '.join(READS)} FROM desk.people LIMIT 9", "SELECT unnest(mails) FROM desk.people"):
        clear = desk.query(sql).rows
        assert all(any(secret in str(value) for secret in SECRETS) for value in clear[0])
        assert not any(secret in everything(desk, sql, identity) for secret in SECRETS)


def test_what_stands_beside_it_is_shown(desk: Workspace) -> None:
    sql = "SELECT profile->>'plan', tags, settings->>'theme' FROM desk.people LIMIT 1"
    assert desk.query(sql, identity="bot").rows == [("free", ["a", "b"], "dark")]


def test_a_denied_place_is_not_there(desk: Workspace) -> None:
    assert "reach" not in everything(desk, "SELECT profile FROM desk.people", "denied")
    assert [c["name"] for c in described(desk, "denied")["columns"]] == ["id", "profile", "tags", "settings"]


def described(workspace: Workspace, identity: str = "cli") -> dict[str, Any]:
    return workspace.describe(["desk.people"], samples=0, identity=identity)[0].as_dict()


def test_a_description_tells_it_of_the_place(desk: Workspace) -> None:
    columns = {column["name"]: column for column in described(desk)["columns"]}
    marked = {path["path"]: path["pii"] for path in columns["profile"]["paths"] if "pii" in path}
    assert marked == {"contact.reach": "email", "cards[]": "card"}
    assert columns["mails"]["pii"] == "email"
    assert columns["kin"]["pii"] == "email"
    assert "pii" not in {**columns["tags"], **columns["settings"]}


def test_a_persons_word_beats_what_the_values_tell_of_a_place_and_of_all_around_it(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    reach = "profile->>'$.contact.reach'"
    workspace.annotate([{"target": "desk.people.mails", "key": "pii", "value": "none"}], origin="person")
    workspace.annotate([{"target": "desk.people.profile.contact", "key": "pii", "value": "none"}], origin="person")
    sql = f"SELECT {reach}, mails[1], profile->>'cards' FROM desk.people WHERE id = 7"
    assert workspace.query(sql, identity="bot").rows == [("u7@mail.example", "u7@mail.example", "***")]
    workspace.annotate([{"target": "desk.people.settings.theme", "key": "pii", "value": "name"}], origin="agent")
    sql = "SELECT settings->>'theme' FROM desk.people LIMIT 1"
    assert workspace.query(sql, identity="bot").rows == [("***",)]


def test_what_a_load_brings_into_json_is_masked_at_once(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    sql = "SELECT settings->>'reply' FROM desk.people LIMIT 1"
    assert workspace.query(sql, identity="bot").rows == [(None,)]
    change(workspace, "UPDATE people SET settings = json_object('reply', 'u' || id || '@mail.example')")
    assert workspace.query(sql, identity="bot").rows == [("***",)]
