"""docs/answers.md says what was measured."""

from __future__ import annotations

import re
from pathlib import Path

from dinobase.query.format import render
from tests.answers.measured import counted, results
from tests.answers.parse_compact import parse

PAGE = (Path(__file__).parents[2] / "docs" / "answers.md").read_text(encoding="utf-8")
COLUMNS = {2: "ndjson", 3: "markdown", 5: "csv", 6: "compact"}


def test_the_table_holds_the_counted_tokens() -> None:
    for name, answer in results().items():
        [line] = re.findall(rf"^\| {re.escape(name)} \|.*$", PAGE, re.MULTILINE)
        cells = [cell.strip().replace(",", "") for cell in line.strip("|").split(" | ")]
        real = counted({f"{form}: {name}": render(answer, form) for form in COLUMNS.values()})
        assert {form: int(cells[place]) for place, form in COLUMNS.items()} == {
            form: real[f"{form}: {name}"] for form in COLUMNS.values()
        }


def test_the_example_reads_as_the_rules_say() -> None:
    example = PAGE.partition("## The compact form\n\n")[2].partition("\n\n")[0]
    parsed = parse("\n".join(line.removeprefix("    ") for line in example.splitlines()) + "\n")
    assert parsed.columns == ["id", "name", "zip", "currency", "balance", "created", "tags", "note"]
    assert parsed.rows[0] == (
        "cus_1", "Ada", "02134", "eur", ("number", "100"), "2026-01-01T00:00:00Z", ("json", ["vip"]), None,
    )  # fmt: skip
    assert parsed.rows[2] == (
        "cus_3", "", "10115", "eur", None, "2026-01-02T12:30:01.5Z", None, None,
    )  # fmt: skip
