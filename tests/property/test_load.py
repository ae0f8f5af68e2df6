"""Whatever JSON comes in whatever order: every value is read back as it was sent, in every disposition and version."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dinobase.load.infer import Shaping
from tests.lake.load.lakes import Lake
from tests.lake.load.oracle import Num, check, text

EXAMPLES = 6
TORTURE = 120
_NAMES = count()

integers = st.one_of(
    st.integers(-5, 5),
    st.sampled_from([2**31, 2**53, 2**53 + 1, -(2**63), 2**63 - 1, 2**63, 10**38 - 1, 10**38, 10**60]),
).map(Num)
fractions = st.sampled_from(
    [
        "1.5",
        "1.0",
        "-0.0",
        "0.1",
        "1e3",
        "1E-7",
        "123456789.125",
        "0.1234567890123456789",
        "1e308",
        "1e400",
        "1e-400",
        "9007199254740993.0",
        "3.0e-320",
        "1234567890123456789e-12",
        "100000000000000000000.5",
    ]
).map(Num)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["", " ", "true", "1", "1.50", "null", "Infinity", "NaN", "{}", "[1]", 'a"b\\c', "a\x00b", "\n", "é😀"]
    ),
    st.sampled_from(["12:30:00", "2024-02-30", "2024-13-01", "2024-1-1", "20240101", "2024-01-01T25:00:00Z"]),
)
times = st.sampled_from(
    [
        "2024-01-01",
        "2024-02-29",
        "2024-03-01T10:00:00",
        "2024-03-01 10:00:00.25",
        "2024-03-01T10:00:00Z",
        "2024-03-01T10:00:00+02:00",
        "2024-03-01T10:00:00.123456-0530",
        "2024-03-01T10:00:00.123456789Z",
    ]
)
scalars = st.one_of(st.none(), st.booleans(), integers, fractions, texts, times)
lists = st.one_of(
    st.lists(st.one_of(st.none(), integers), max_size=4),
    st.lists(scalars, max_size=4),
    st.lists(st.dictionaries(st.sampled_from(["a", "B", "a b"]), scalars, max_size=2), max_size=3),
    st.lists(st.lists(scalars, max_size=2), max_size=2),
)
keys = st.sampled_from(["a", "b", "A", "camelCase", "camel_case", "x.y", "é", "0n", "_u", "a__b", "", 'q"', "n\x01"])
values = st.recursive(
    st.one_of(scalars, scalars, lists), lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=6
)
records = st.dictionaries(keys, values, max_size=4)
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 4), records).map(lambda p: {"id": Num(p[0]), **p[1]}), max_size=6),
    min_size=1,
    max_size=3,
)
narrow = st.dictionaries(
    st.sampled_from(["a", "b"]), st.one_of(scalars, lists), max_size=2
)  # many drifts of few columns
drifting = st.lists(
    st.lists(st.tuples(st.integers(0, 4), narrow).map(lambda p: {"id": Num(p[0]), **p[1]}), min_size=1, max_size=3),
    min_size=1,
    max_size=3,
)
profile = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # the examples are small; to shrink one takes minutes of loads
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    made = Lake(Path(tmp_path_factory.mktemp("lake")))
    yield made
    made.close()


def holds(lake: Lake, table: str, wanted: list[dict[str, Any]]) -> None:
    """Assert that the table holds these records."""
    names = list(lake.types(table))
    order = "serial" if "serial" in names else "id"
    rows = lake.rows(f'SELECT * FROM lake."{table}" ORDER BY id, {order}') if names else []
    assert len(rows) == len(wanted)
    for record, row in zip(sorted(wanted, key=lambda r: (int(r["id"]), int(r.get("serial", 0)))), rows, strict=True):
        check(record, dict(zip(names, row, strict=True)), lake.schema)


def run(lake: Lake, loads: list[Any], disposition: Any, shaping: Shaping | None = None) -> None:
    table = f"t{next(_NAMES)}"
    key = ("id",) if disposition == "merge" else ()
    model: list[dict[str, Any]] = []
    seen: dict[int, list[tuple[Any, ...]]] = {}
    for load in loads:
        if disposition != "merge":
            load = [[{"serial": Num(next(_NAMES)), **record} for record in batch] for batch in load]  # noqa: PLW2901
        sent = [record for batch in load for record in batch]
        as_text = [[text(record) for record in batch] for batch in load]
        lake.load(*as_text, key=key, disposition=disposition, table=table, shaping=shaping)
        if disposition == "merge":
            model = list({int(r["id"]): r for r in [*model, *sent]}.values())
        else:
            model = sent if disposition == "replace" else [*model, *sent]
        if not lake.types(table):
            continue
        holds(lake, table, model)
        seen[lake.version()] = lake.rows(f'SELECT * FROM lake."{table}" ORDER BY ALL')
        if disposition != "append":
            before = lake.table_versions(table)
            again = lake.load(*as_text, key=key, disposition=disposition, table=table, shaping=shaping)
            assert not again.changed
            assert lake.table_versions(table) == before
    for version, rows in seen.items():
        assert lake.rows(f'SELECT * FROM lake."{table}" AT (VERSION => {version}) ORDER BY ALL') == rows


@pytest.mark.parametrize("disposition", ["merge", "replace", "append"])
@given(loads=st.lists(batches, min_size=1, max_size=3))
@profile
def test_every_value_of_any_record_is_read_back(lake: Lake, disposition: str, loads: list[Any]) -> None:
    run(lake, loads, disposition)


@pytest.mark.parametrize("disposition", ["merge", "append"])
@given(loads=st.lists(drifting, min_size=2, max_size=4))
@profile
def test_a_column_that_changes_its_type_again_and_again_keeps_old_and_new_values(
    lake: Lake, disposition: str, loads: list[Any]
) -> None:
    run(lake, loads, disposition)


@pytest.mark.parametrize(
    "shaping", [Shaping(max_nesting=1), Shaping(max_nesting=5), Shaping(lift=(("a",), ("b", "a")))]
)
@given(loads=st.lists(batches, min_size=1, max_size=2))
@settings(profile, max_examples=4)
def test_nesting_and_lifting_lose_nothing(lake: Lake, shaping: Shaping, loads: list[Any]) -> None:
    run(lake, loads, "merge", shaping)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("strategy", [batches, drifting], ids=["wide", "drifting"])
@pytest.mark.parametrize("disposition", ["merge", "replace", "append"])
def test_every_value_is_read_back_many_times(tmp_path: Path, disposition: str, strategy: Any) -> None:
    folders = count()

    @given(loads=st.lists(strategy, min_size=1, max_size=4))
    @settings(profile, max_examples=TORTURE)
    def many(loads: list[Any]) -> None:
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        made = Lake(folder)
        run(made, loads, disposition)
        made.close()
        shutil.rmtree(folder)

    many()
