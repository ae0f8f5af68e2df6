"""Collections as tables, over a real server: every BSON type, what is new, changed, gone, and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import UuidRepresentation
from bson.datetime_ms import DatetimeMS
from pymongo.database import Database

from dinobase.core.errors import DinobaseError
from dinobase.extract.readers import bson_values
from tests.databases.desk import Desk

Mongo: TypeAlias = Database[dict[str, Any]]
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC)
GUID = UUID("00112233-4455-6677-8899-aabbccddeeff")


def later(days: int) -> dt.datetime:
    return MOMENT + dt.timedelta(days=days)


def test_every_type_of_bson_keeps_its_value(desk: Desk, mongo: Mongo, url: str) -> None:
    oid = ObjectId()
    mongo.things.insert_one(
        {
            "_id": oid,
            "text": "ü\u0000x",
            "small": 1,
            "large": Int64(2**63 - 1),
            "double": 1.5,
            "odd": float("nan"),
            "money": Decimal128("12345678901234567890.123456789"),
            "long": Decimal128("1E+6000"),
            "yes": True,
            "nothing": None,
            "when": MOMENT,
            "bytes": b"\x00\xffab",
            "own": Binary(b"ab", 128),
            "guid": Binary.from_uuid(GUID, UuidRepresentation.STANDARD),
            "regex": Regex("a.b", "i"),
            "code": Code("return 1"),
            "stamp": Timestamp(5, 7),
            "least": MinKey(),
            "most": MaxKey(),
            "ref": DBRef("others", oid),
            "inner": {"a": {"b": Int64(2**60)}, "oid": oid},
            "list": [1, "two", {"three": oid}],
        }
    )
    desk.add("mongodb", connection_string=url)
    desk.good()
    types = desk.types("db.things")
    [row] = desk.rows("SELECT * FROM db.things")
    found = dict(zip(types, row, strict=True))
    assert {name: types[name] for name in ("large", "double", "odd", "money", "yes", "when", "bytes")} == {
        "large": "BIGINT", "double": "DOUBLE", "odd": "VARCHAR", "money": "DECIMAL(38,9)", "yes": "BOOLEAN",
        "when": "TIMESTAMPTZ", "bytes": "BLOB",
    }  # fmt: skip
    assert found["_id"] == str(oid)
    assert found["text"] == "ü\u0000x"
    assert (found["small"], found["large"], found["double"]) == (1, 2**63 - 1, 1.5)
    assert found["odd"] == "NaN"
    assert found["money"] == Decimal("12345678901234567890.123456789")
    assert found["long"] == "1E+6000"
    assert found["yes"] is True
    assert found.get("nothing") is None
    assert found["when"] == MOMENT
    assert (found["bytes"], found["own"]) == (b"\x00\xffab", b"ab")
    assert str(found["guid"]) == str(GUID)
    assert found["inner__a__b"] == 2**60
    assert found["inner__oid"] == str(oid)
    shown = {name: str(v) for name, v in found.items()}
    assert (
        "a.b" in shown["regex__regular_expression__pattern"] if "regex__regular_expression__pattern" in shown else True
    )
    assert str(oid) in shown["list"]


def test_a_collection_without_a_field_for_changes_is_read_whole_and_what_is_gone_goes(
    desk: Desk, mongo: Mongo, url: str
) -> None:
    mongo.things.insert_many([{"_id": n, "v": n} for n in range(5)])
    desk.add("mongodb", connection_string=url)
    assert desk.good()["things"].rows == 5
    mongo.things.delete_one({"_id": 1})
    mongo.things.update_one({"_id": 2}, {"$set": {"v": 20}})
    mongo.things.insert_one({"_id": "x", "v": None, "more": 1})
    report = desk.good()["things"]
    assert (report.inserted, report.updated, report.deleted) == (1, 1, 1) or report.total_rows == 5
    assert sorted(str(r) for (r,) in desk.rows("SELECT _id FROM db.things")) == ["0", "2", "3", "4", "x"]
    assert desk.good()["things"].status == "unchanged"


def test_a_field_that_says_when_a_document_was_changed_is_found_and_followed(
    desk: Desk, mongo: Mongo, url: str
) -> None:
    mongo.orders.insert_many([{"_id": n, "updatedAt": later(n)} for n in range(5)])
    desk.add("mongodb", connection_string=url)
    assert desk.good()["orders"].rows == 5
    mongo.orders.update_one({"_id": 0}, {"$set": {"v": "new", "updatedAt": later(9)}})
    mongo.orders.insert_one({"_id": 7, "note": "it has no time"})
    mongo.orders.insert_one({"_id": 8, "updatedAt": "yesterday"})
    report = desk.good()["orders"]
    assert report.mode == "incremental"
    assert report.rows == 4  # the two without a time, the changed one, and the last one once more
    assert desk.rows("SELECT v FROM db.orders WHERE _id = 0") == [("new",)]
    mongo.orders.delete_one({"_id": 3})
    assert desk.good(full=True)["orders"].total_rows == 6


def test_a_field_may_be_chosen_such_as_the_key(desk: Desk, mongo: Mongo, url: str) -> None:
    mongo.logs.insert_many([{"_id": ObjectId.from_datetime(later(n)), "n": n} for n in range(5)])
    mongo.numbered.insert_many([{"_id": n} for n in range(5)])
    desk.add("mongodb", connection_string=url, incremental="_id")
    assert desk.good()["logs"].rows == 5
    mongo.logs.insert_one({"_id": ObjectId.from_datetime(later(6)), "n": 6})
    mongo.numbered.insert_one({"_id": 5})
    reports = desk.good()
    assert (reports["logs"].rows, reports["numbered"].rows) == (2, 2)
    assert desk.rows("SELECT count(*) FROM db.logs") == [(6,)]
    with pytest.raises(DinobaseError, match="has no column `changed`"):
        desk.add("mongodb", name="other", connection_string=url, incremental="logs=changed")


def test_a_year_that_python_has_not_is_the_milliseconds_that_mongodb_has() -> None:
    assert bson_values.record({"_id": 1, "far": DatetimeMS(10**15)}) == {"_id": 1, "far": str(10**15)}


def test_a_cursor_goes_no_further_than_the_moment_at_which_the_read_began() -> None:
    ahead = later(1)
    assert bson_values.bounded(ahead, MOMENT) == MOMENT
    assert bson_values.bounded(ObjectId.from_datetime(ahead), MOMENT).generation_time == MOMENT.replace(microsecond=0)
    assert bson_values.bounded(7, MOMENT) == 7
    assert bson_values.later(Int64(5), Decimal128("5.5")) == Decimal128("5.5")
    assert bson_values.later(MOMENT, "text") == MOMENT


def test_views_and_several_databases_have_their_names_and_no_key_where_there_is_none(
    desk: Desk, mongo: Mongo, url: str
) -> None:
    other = mongo.client[f"{mongo.name}x"]
    mongo.a.insert_many([{"_id": 1, "v": 1}, {"_id": 2, "v": 1}])
    other.a.insert_one({"_id": 9})
    mongo.command("create", "shown", viewOn="a", pipeline=[{"$project": {"v": 1, "_id": 0}}])
    try:
        tables = desk.add("mongodb", connection_string=url, schemas=f"{mongo.name},{other.name}")
        assert sorted(tables) == sorted(["a", f"{other.name}__a", "shown"])
        assert desk.good()["shown"].total_rows == 2
        assert desk.rows(f"SELECT _id FROM db.{other.name}__a") == [(9,)]
    finally:
        other.client.drop_database(other.name)


def test_what_a_validator_says_of_fields_is_described(desk: Desk, mongo: Mongo, url: str) -> None:
    fields = {"state": {"bsonType": "string", "description": "Where it stands.", "enum": ["open", "done"]}}
    mongo.create_collection("tickets", validator={"$jsonSchema": {"description": "Tickets.", "properties": fields}})
    mongo.tickets.insert_one({"_id": 1, "state": "open", "password": "x"})
    desk.add("mongodb", connection_string=url)
    desk.good()
    [described] = desk.workspace.describe(["db.tickets"])
    columns = {c.name: c for c in described.columns}
    assert described.primary_key == ["_id"]
    assert columns["state"].description == "Where it stands."
    assert columns["state"].values == ["open", "done"]
    assert columns["password"].pii == "secret"


def test_a_key_that_is_a_document_is_its_text(desk: Desk, mongo: Mongo, url: str) -> None:
    mongo.sums.insert_many([{"_id": {"a": n, "b": "x"}, "v": n} for n in range(2)])
    desk.add("mongodb", connection_string=url)
    desk.good()
    assert sorted(desk.rows("SELECT _id::VARCHAR, v FROM db.sums")) == [
        ('{"a": 0, "b": "x"}', 0), ('{"a": 1, "b": "x"}', 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"connection_string": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50"}, "which database"),
        ({"connection_string": "postgres://x/y"}, "connection string cannot be used"),
        ({"connection_string": "mongodb://me:hunter22@127.0.0.1:1/x?serverSelectionTimeoutMS=50"}, "cannot be read"),
    ],
)
def test_a_server_that_cannot_be_read_is_told_without_secrets(desk: Desk, given: dict[str, str], message: str) -> None:
    with pytest.raises(DinobaseError, match=message) as raised:
        desk.add("mongodb", **given)
    assert "hunter22" not in str(raised.value.as_dict())
