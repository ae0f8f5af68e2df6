"""Every row of the auth and paginator tables: what the server receives, and what the table holds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sync.shop import Answer, Asked, by_case, resources, shop

Read = Callable[[Asked], Any]


def basic(pair: bytes) -> str:
    return f"Basic {base64.b64encode(pair).decode()}"


AUTH = [
    ("auth: {type: bearer, token: '{key}'}", lambda a: a.headers.get("authorization"), "Bearer k3y"),
    ("auth: {type: bearer, token: '{key}', prefix: Token}", lambda a: a.headers.get("authorization"), "Token k3y"),
    ("auth: {type: http_basic, username: '{key}', password: ''}", lambda a: a.headers["authorization"], basic(b"k3y:")),
    ("auth: {type: http_basic, username: '', password: '{key}'}", lambda a: a.headers["authorization"], basic(b":k3y")),
    ("auth: {type: api_key, name: X-Key, api_key: '{key}'}", lambda a: a.headers.get("x-key"), "k3y"),
    ("auth: {type: api_key, name: k, api_key: '{key}', location: query}", lambda a: a.params.get("k"), "k3y"),
    ("auth: {type: api_key, name: k, api_key: '{key}', location: cookie}", lambda a: a.headers["cookie"], "k=k3y"),
    ("auth: {type: none}", lambda a: a.headers.get("authorization"), None),
    ("headers: {X-Version: '2', X-Key: '{key}'}", lambda a: a.headers["x-version"] + a.headers["x-key"], "2k3y"),
]


@pytest.mark.parametrize(("client", "read", "wanted"), AUTH, ids=[row[0] for row in AUTH])
async def test_every_page_is_asked_for_with_the_credentials(
    tmp_path: Path, client: str, read: Read, wanted: str | None
) -> None:
    def script(asked: Asked) -> Any:
        if read(asked) != wanted:
            return Answer({"error": "no"}, status=401)
        return {"data": [{"id": asked.params.get("c", "0")}], "next": {"0": "1"}.get(asked.params.get("c", "0"))}

    yaml = """
    resources:
    - name: items
      primary_key: id
      endpoint: {data_selector: data, paginator: {type: cursor, cursor_path: next, cursor_param: c}}
    """
    async with shop(tmp_path, script, yaml, client) as made:
        table = (await made.sync())["items"]
        assert (table.status, table.rows, table.total_rows) == ("success", 2, 2)
        assert [read(asked) for asked in made.api.asked] == [wanted, wanted]
        assert made.column("SELECT id FROM lake.items ORDER BY id") == ["0", "1"]


async def test_auth_methods_and_base_urls_hold_for_their_resources_alone(tmp_path: Path) -> None:
    def script(asked: Asked) -> Any:
        return {"data": [{"id": 1, "path": asked.path, "auth": asked.headers.get("authorization")}]}

    yaml = """
    auth_methods:
      dashboard: {type: http_basic, username: "{key}", password: s}
      ingestion: {type: bearer, token: t0ken}
    resource_defaults: {primary_key: id, endpoint: {data_selector: data}}
    resources:
    - {name: plain}
    - {name: events, auth: dashboard}
    - {name: ingest, auth: ingestion, endpoint: {base_url: "{url}/elsewhere/", path: /batch}}
    """
    async with shop(tmp_path, script, yaml, "auth: {type: bearer, token: '{key}'}") as made:
        await made.sync()
        assert made.rows("SELECT path, auth FROM lake.plain") == [("/plain", "Bearer k3y")]
        assert made.rows("SELECT path, auth FROM lake.events") == [("/events", basic(b"k3y:s"))]
        assert made.rows("SELECT path, auth FROM lake.ingest") == [("/elsewhere/batch", "Bearer t0ken")]


def total(asked: Asked, size: int) -> list[dict[str, int]]:
    start = int(asked.params.get("offset", 0))
    return [{"id": n} for n in range(start, min(start + size, 7))]


def page(asked: Asked, name: str = "page", base: int = 1) -> list[dict[str, int]]:
    start = 3 * (int(asked.params.get(name, base)) - base)
    return [{"id": n} for n in range(start, min(start + 3, 7))]


def cursor(asked: Asked, **more: Any) -> Any:
    place = {"": 0, "x": 3, "y": 6}[asked.params.get("c") or ""]
    return {"data": [{"id": n} for n in range(place, min(place + 3, 7))], **more}


def after(asked: Asked) -> str:
    return {"": "x", "x": "y"}.get(asked.params.get("c") or "", "")


# paginator, how the server answers, the query strings that it must have received
PAGING: list[tuple[str, Callable[[Asked], Any], list[str]]] = [
    (
        "{type: cursor, cursor_path: next, cursor_param: c}",
        lambda a: cursor(a, next=after(a) or None),
        ["", "c=x", "c=y"],
    ),
    ("{type: cursor, cursor_path: next, cursor_param: c}", lambda a: cursor(a, next=after(a)), ["", "c=x", "c=y"]),
    (
        "{type: cursor, cursor_path: next, cursor_param: c}",
        lambda a: cursor(a, **({"next": after(a)} if after(a) else {})),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: cursor, cursor_path: next, cursor_param: c, has_more_path: more}",
        lambda a: cursor(a, next="x" if after(a) == "x" else "y", more=after(a) != ""),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: cursor, cursor_path: next, cursor_param: c, done_path: end}",
        lambda a: cursor(a, next=after(a) or "again", end=after(a) == ""),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: cursor, cursor_path: 'data[-1].id', cursor_param: after}",
        lambda a: {"data": [{"id": n} for n in range(int(a.params.get("after", -1)) + 1, 7)][:3]},
        ["", "after=2", "after=5", "after=6"],
    ),
    (
        "{type: json_link, next_url_path: links.next}",
        lambda a: cursor(a, links={"next": f"{a.path}?c={after(a)}&keep=1" if after(a) else None}),
        ["", "c=x&keep=1", "c=y&keep=1"],
    ),
    (
        "{type: json_link, next_url_path: links.next, has_more_path: more}",
        lambda a: cursor(a, links={"next": f"?c={after(a) or 'x'}"}, more=bool(after(a))),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: json_link, next_url_path: next, done_path: end}",
        lambda a: cursor(a, next=f"?c={after(a) or 'z'}", end=not after(a)),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: header_link}",
        lambda a: Answer(cursor(a), headers={"Link": f'<?c={after(a)}>; rel="next"'} if after(a) else {}),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: header_link, rel: more}",
        lambda a: Answer(cursor(a), headers={"Link": f'<?c={after(a)}>; rel="more"'} if after(a) else {}),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: header_link, header: X-Next}",
        lambda a: Answer(cursor(a), headers={"X-Next": f"?c={after(a)}"} if after(a) else {}),
        ["", "c=x", "c=y"],
    ),
    (
        "{type: offset, limit: 3, offset_param: offset}",
        lambda a: {"data": total(a, 3)},
        ["offset=0&limit=3", "offset=3&limit=3", "offset=6&limit=3"],
    ),
    (
        "{type: offset, limit: 3, offset_param: offset, limit_param: n, total_path: total}",
        lambda a: {"data": total(a, 3), "total": 7},
        ["offset=0&n=3", "offset=3&n=3", "offset=6&n=3"],
    ),
    (
        "{type: offset, limit: 2, offset_param: offset, total_path: total}",  # the server gives more than it is asked
        lambda a: {"data": total(a, 2), "total": 7},
        ["offset=0&limit=2", "offset=2&limit=2", "offset=4&limit=2", "offset=6&limit=2"],
    ),
    (
        "{type: page_number, page_param: page}",
        lambda a: {"data": page(a)},
        ["page=1", "page=2", "page=3", "page=4"],
    ),
    (
        "{type: page_number, page_param: p, base_page: 0, total_path: pages}",
        lambda a: {"data": page(a, "p", 0), "pages": 3},
        ["p=0", "p=1", "p=2"],
    ),
    (
        "{type: page_number, page_param: page, total_records_path: n, page_size: 3, page_size_param: per}",
        lambda a: {"data": page(a), "n": 7},
        ["page=1&per=3", "page=2&per=3", "page=3&per=3"],
    ),
    (
        "{type: page_number, page_param: page, total_header: X-Pages}",
        lambda a: Answer({"data": page(a)}, headers={"X-Pages": "3"}),
        ["page=1", "page=2", "page=3"],
    ),
    (
        "{type: page_number, page_param: page, stop_statuses: [400]}",
        lambda a: Answer({"error": "past the end"}, status=400) if a.params["page"] == "4" else {"data": page(a)},
        ["page=1", "page=2", "page=3", "page=4"],
    ),
]


def normal(asked: Asked) -> str:
    return "&".join(f"{k}={v}" for k, v in sorted(asked.query, key=lambda p: p[0] in {"limit", "n", "per"}))


async def test_a_listing_is_read_to_its_end_and_no_further(tmp_path: Path, subtests: pytest.Subtests) -> None:
    facts = "primary_key: id, endpoint: {{data_selector: data, paginator: {}}}"
    yaml = resources(*[facts.format(paginator) for paginator, _, _ in PAGING])
    async with shop(tmp_path, by_case([script for _, script, _ in PAGING]), yaml) as made:
        tables = await made.sync()
        for number, (paginator, _, wanted) in enumerate(PAGING):
            with subtests.test(f"{number}: {paginator}"):
                table = tables[f"r{number}"]
                assert (table.status, table.rows, table.error) == ("success", 7, None)
                assert sorted(map(normal, made.asked(f"/r{number}"))) == sorted(wanted)
                assert made.column(f"SELECT id FROM lake.r{number} ORDER BY id") == list(range(7))


async def test_one_page_is_one_request(tmp_path: Path) -> None:
    yaml = "resources: [{name: items, endpoint: {paginator: {type: single_page}}}]"
    async with shop(tmp_path, lambda _: [{"id": 1}], yaml, "paginator: {type: page_number, page_param: p}") as made:
        await made.sync()
        assert [a.raw_path for a in made.api.asked] == ["/items"]


async def test_the_cursor_of_a_search_goes_into_the_body(tmp_path: Path) -> None:
    def script(asked: Asked) -> Any:
        at = json.loads(asked.body).get("page", {}).get("after", "0")
        return {"results": [{"id": at}], "next": {"0": "1", "1": "2"}.get(at)}

    yaml = """
    resources:
    - name: items
      primary_key: id
      endpoint:
        method: POST
        path: search
        body: {filter: [a], page: {limit: 1}}
        data_selector: results
        paginator: {type: cursor, cursor_path: next, cursor_body_path: page.after}
    """
    async with shop(tmp_path, script, yaml) as made:
        await made.sync()
        assert [a.json for a in made.api.asked] == [
            {"filter": ["a"], "page": {"limit": 1}},
            {"filter": ["a"], "page": {"limit": 1, "after": "1"}},
            {"filter": ["a"], "page": {"limit": 1, "after": "2"}},
        ]
        assert made.column("SELECT id FROM lake.items ORDER BY 1") == ["0", "1", "2"]


async def test_a_graphql_connection_is_read_page_by_page(tmp_path: Path) -> None:
    def script(asked: Asked) -> Any:
        at = asked.json["variables"].get("cursor")
        info = {"hasNextPage": at is None, "endCursor": "c1"}
        return {"data": {"items": {"nodes": [{"id": 2 if at else 1}], "pageInfo": info}}}

    yaml = """
    type: graphql
    resources:
    - name: items
      primary_key: id
      query: |
        query($cursor: String, $first: Int) {
          items(after: $cursor, first: $first) { nodes { id } pageInfo { hasNextPage endCursor } }
        }
      variables: {first: 1}
      data_selector: data.items.nodes
      paginator: {type: relay, page_info_path: data.items.pageInfo}
    """
    async with shop(tmp_path, script, yaml) as made:
        table = (await made.sync())["items"]
        assert table.error is None
        assert [a.json["variables"] for a in made.api.asked] == [{"first": 1}, {"first": 1, "cursor": "c1"}]
        assert made.column("SELECT id FROM lake.items ORDER BY 1") == [1, 2]
