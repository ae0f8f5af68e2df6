"""A workspace with things to hide: `ada@secret.example` and its like, in columns, JSON, arrays and old versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import yaml

from dinobase.access.guard import Guard, guard_of
from dinobase.access.pii import declared
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from dinobase.spec.models import Connector
from dinobase.spec.validation import validated
from tests.lake.build import Builder

SECRET = "secret.example"
CONNECTORS = {"shop": 3600.0, "crm": 3600.0, "hr": 3600.0}
SHOP = {
    "name": "shop",
    "client": {"base_url": "https://shop.example"},
    "resources": [
        {
            "name": "customers",
            "primary_key": "id",
            "columns": {
                "email": {"pii": "email"},
                "contact.mail": {"pii": "email"},
                "phone": {"pii": "phone"},
                "emails": {"pii": "email"},
                "profile.contact.email": {"pii": "email"},
                "lines[].email": {"pii": "email"},
            },
        },
        {
            "name": "notes",
            "endpoint": {"path": "customers/{customer}/notes"},
            "parent": {"resource": "customers", "field": "email", "param": "customer"},
        },
    ],
}
STATE = [
    {"name": name, "path": path}
    for name, path in (
        ("id", ["id"]),
        ("name", ["name"]),
        ("email", ["email"]),
        ("mail_1f2e", ["contact", "mail"]),
        ("phone", ["phone"]),
        ("emails", ["emails"]),
        ("profile", ["profile"]),
        ("lines", ["lines"]),
        ("region", ["region"]),
        ("spent", ["spent"]),
    )
]
CREATE = """CREATE TABLE customers (id BIGINT, name VARCHAR, email VARCHAR, mail_1f2e VARCHAR, phone BIGINT,
    emails VARCHAR[], profile JSON, lines JSON, region VARCHAR, spent BIGINT)"""


def customers(one: str, host: str, phone: int, others: Sequence[tuple[int, str, int]]) -> str:
    """Two customers of the EU, and others of the US; what is hidden is what the arguments say."""
    lines = f'[{{"sku": "a", "email": "{one}.line@{host}"}}, {{"sku": "b", "email": null}}]'
    profile = f'{{"contact": {{"email": "{one}.3@{host}", "city": "Bern"}}}}'
    rows = [
        f"(1, 'Ada', '{one}@{host}', '{one}.1@{host}', {phone}, ['{one}.2@{host}'], '{profile}', '{lines}', 'eu', 100)",
        f"(3, 'Cyd', NULL, NULL, NULL, NULL, '\"{one}.text@{host}\"', '[]', 'eu', 50)",
        *(
            f"({number}, '{name}', ' {name}@{host} ', '{name}@{host}', {phone + number}, [], NULL, NULL, 'us', {spent})"
            for number, name, spent in others
        ),
    ]
    return f"INSERT INTO customers VALUES {', '.join(rows)}"


VIEW = (
    "CREATE VIEW customers__lines AS SELECT t.id AS _customers_id, e.i - 1 AS _index, "
    "json_extract_string(e.v, '/sku') AS sku, json_extract_string(e.v, '/email') AS email FROM customers t, "
    "LATERAL (SELECT unnest(json_extract(t.lines, '$[*]')) AS v, "
    "generate_subscripts(json_extract(t.lines, '$[*]'), 1) AS i) e"
)
FIRST = 4  # the version of shop before the update of a name


ACCESS: dict[str, dict[str, Any]] = {
    "masked": {"pii": "mask", "columns": {"crm.people.email": "mask", "hr.salaries.email": "mask"}},
    "europe": {"sources": ["shop"], "rows": {"shop.customers": "region = 'eu'"}, "hide": ["shop.customers.phone"]},
    "support": {"sources": ["shop.customers"], "pii": "deny"},
    "nobody": {"sources": []},
    "hashed": {"sources": ["shop", "crm.people"], "pii": "hash", "columns": {"crm.people.email": "hash"}},
    "bot": {
        "sources": ["shop", "crm.people"],
        "rows": {"shop.customers": "region = 'eu'"},
        "hide": ["shop.customers.phone", "crm.people.tax_id"],
        "columns": {"crm.people.email": "mask"},
        "pii": "mask",
    },
}


def shop() -> Connector:
    return validated(Connector, SHOP)


def build(paths: Paths, one: str, host: str, phone: int, others: Sequence[tuple[int, str, int]], **where: str) -> Paths:
    """Make three lakes and what config.yaml says of them; `where`: `url` of the data, `catalog`."""
    storage = Storage(paths.lakes, **where)
    builder = Builder(storage.lake("shop"))
    builder.commit(
        f"INSERT INTO _dinobase_state VALUES ('customers', 'schema', '{json.dumps(STATE)}'), "
        "('customers', 'key', '[\"id\"]')"
    )
    builder.commit(CREATE)
    builder.commit(customers(one, host, phone, others))
    builder.commit("UPDATE customers SET name = 'Ada Lovelace' WHERE id = 1")
    builder.commit(
        "CREATE TABLE notes (_customers_email VARCHAR, text VARCHAR)",
        f"INSERT INTO notes VALUES ('{one}@{host}', 'hello'), ('dan@{host}', 'bye')",
    )
    builder.commit(VIEW)
    builder.close()
    crm = Builder(storage.lake("crm"))
    crm.commit("CREATE TABLE people (id BIGINT, email VARCHAR, tax_id VARCHAR)")
    crm.commit(f"INSERT INTO people VALUES (7, ' {one.upper()}@{host}', 'T-{phone}'), (8, 'eve@{host}', 'T-2')")
    crm.commit("CREATE TABLE deals (id BIGINT, amount BIGINT)")
    crm.close()
    hr = Builder(storage.lake("hr"))
    hr.commit("CREATE TABLE salaries (id BIGINT, email VARCHAR, pay BIGINT)")
    hr.commit(f"INSERT INTO salaries VALUES (1, 'hr.{one}@{host}', {phone})")
    hr.close()
    paths.make(paths.connectors)
    for name in ("shop", "crm", "hr"):
        definition = SHOP if name == "shop" else {**SHOP, "name": name, "resources": [{"name": "people"}]}
        (paths.connectors / f"{name}.yaml").write_text(yaml.safe_dump(definition))
    config = {"storage": where, "connectors": {n: {"type": n} for n in CONNECTORS}, "access": ACCESS}
    paths.config.write_text(yaml.safe_dump(config))
    return paths


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A workspace that tests only read."""
    return build(Paths(tmp_path_factory.mktemp("workspace")), "ada", SECRET, 417001, [(2, "Bob", 250), (4, "Dan", 900)])


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """The same workspace but for what is hidden: other addresses, numbers and customers of the US."""
    others = [(2, "Zoe", -7), (5, "Yan", 31), (9, "Xi", 77_777)]
    return build(Paths(tmp_path_factory.mktemp("twin")), "wilhelmina.k", "other.invalid", 99, others)


Access = Mapping[str, Any]
MakeEngine = Callable[..., QueryEngine]


@pytest.fixture(scope="session")
def guard(workspace: Paths) -> Callable[[Access], Guard | None]:
    known = {"shop": declared(shop())}
    return lambda rules: guard_of(workspace, {"access": {"bot": rules}}, "bot", lambda name, *_: known.get(name, {}))


@pytest.fixture(scope="session")
def as_bot(workspace: Paths, guard: Callable[[Access], Guard | None]) -> MakeEngine:
    """An engine for an identity with these rules."""

    def make(keep: int = 0, **rules: Any) -> QueryEngine:
        storage = Storage(workspace.lakes)
        return QueryEngine(storage, workspace, CONNECTORS, keep=keep, identity="bot", guard=guard(rules))

    return make
