"""What is under way while a page is worked on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.extract.api import Asked, Bench, collect, serving


@pytest.mark.parametrize(
    ("paginator", "under_way"),
    [
        ({"type": "cursor", "cursor_path": "next", "cursor_param": "after"}, [2, 3, 3]),
        ({"type": "json_link", "next_url_path": "link"}, [2, 3, 3]),
        ({"type": "offset", "limit": 2}, [1, 2, 3]),  # a short page is the last: its records are counted first
    ],
)
async def test_the_next_request_is_sent_before_a_page_is_cut_where_the_page_need_not_be_counted(
    bench: Bench, paginator: dict[str, Any], under_way: list[int]
) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("after", asked.params.get("offset", 0)))
        page: dict[str, Any] = {"data": [{"id": n} for n in range(at, min(at + 2, 5))]}
        return page | ({"next": str(at + 2), "link": f"/v1/items?after={at + 2}"} if at < 4 else {})

    seen = []
    shape: dict[str, Any] = {"client": {"paginator": paginator}, "resources": [{"endpoint": {"data_selector": "data"}}]}
    async with serving(answer) as api, bench.session(api, **shape) as session:

        def cut(array: object) -> None:
            del array
            seen.append(session.count("items").requests)

        batches = await collect(session, session.connector.resources[0], cut=cut)
    assert [len(batch.records) for batch in batches] == [2, 2, 1]
    assert seen == under_way
