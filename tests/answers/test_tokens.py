"""What answers cost a model, and that the estimate which decides about it is never too low."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest

from bench.tokens import billing
from dinobase.catalog.tokens import estimate_tokens, exceeds
from dinobase.query.compact import render_compact
from dinobase.query.format import render
from dinobase.query.result import QueryResult
from tests.answers.measured import counted, results

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def answers() -> dict[str, str]:
    return {f"{form}: {name}": render(answer, form) for name, answer in results().items()
            for form in ("json", "ndjson", "markdown", "csv", "compact")}  # fmt: skip


def pick(chance: random.Random, letters: str, length: int) -> str:
    return "".join(chance.choice(letters) for _ in range(length))


def hostile() -> dict[str, str]:
    chance = random.Random(1)
    hashes = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(50)]
    return {
        "hashes": "\n".join(hashes),
        "short hashes": "\n".join(f"{text[:8]}-{text[8:12]}-{text[12:16]}" for text in hashes),
        "base64": base64.b64encode(chance.randbytes(2000)).decode(),
        "keys": "\n".join(f"cus_{pick(chance, LETTERS, 14)}" for _ in range(50)),
        "lower": "\n".join(pick(chance, LETTERS[26:52], 12) for _ in range(50)),
        "upper": "\n".join(pick(chance, LETTERS[:26], 12) for _ in range(50)),
        "floats": "\n".join(str(chance.random() * 1000) for _ in range(80)),
        "times": "\n".join(
            f"2026-0{n % 9 + 1}-{n % 18 + 10} {n % 14 + 10}:{n % 50 + 10}:{n % 47 + 11}" for n in range(60)
        ),
        "chinese": "我们今天去公园散步然后回家吃饭看书写字" * 10,
        "japanese": "東京都渋谷区の天気は晴れです。カタカナとひらがな" * 10,
        "arabic": "مرحبا بالعالم هذا نص عربي قصير " * 10,
        "thai": "สวัสดีชาวโลกนี่คือข้อความ" * 10,
        "emoji": "🎉🚀😀👩‍👩‍👧" * 20,
        "german": "Die Lieferung wurde am Übergabeort für Straßenbahnfahrer nicht abgeholt und zurückgeschickt. " * 10,
        "english": "The passenger wrote in because the flight had been delayed and nobody answered the phone. " * 10,
        "signs": pick(chance, "!@#$%^&*()_+-=[]{};':,./<>?|~`", 600),
        "empty cells": ("a" + "," * 20 + "\n") * 50,
        "spaces": ("a      b\n") * 50,
        "code": "SELECT a.name, count(*) FILTER (WHERE f.arr_delay > 240) AS late_flights FROM nyc.flights f JOIN "
        "nyc.airlines a USING (carrier) WHERE f.scheduled_at >= TIMESTAMPTZ '2013-06-01' GROUP BY ALL\n" * 8,
    }


def test_the_estimate_is_never_less_than_the_tokenizers_count() -> None:
    texts = answers() | hostile()
    real = counted(texts)
    assert {
        name: (estimate_tokens(texts[name]), real[name]) for name in texts if estimate_tokens(texts[name]) < real[name]
    } == {}


def test_the_estimate_of_a_compact_answer_is_at_most_a_third_too_high() -> None:
    texts = {name: text for name, text in answers().items() if name.startswith("compact")}
    real = counted(texts)
    assert all(estimate_tokens(text) <= real[name] * 1.35 for name, text in texts.items())


@pytest.mark.parametrize("name", hostile())
def test_exceeding_is_decided_as_the_estimate_says(name: str) -> None:
    text = hostile()[name]
    estimate = estimate_tokens(text)
    assert not exceeds(text, estimate)
    assert exceeds(text, estimate - 2)


def test_the_compact_form_is_the_smallest_of_all() -> None:
    real = counted(answers())
    total = {form: sum(n for name, n in real.items() if name.startswith(f"{form}:")) for form in
             ("json", "ndjson", "markdown", "csv", "compact")}  # fmt: skip
    assert min(total, key=total.__getitem__) == "compact"
    assert total["compact"] < total["csv"] * 0.85
    assert total["compact"] < total["json"] * 0.35


def test_fifty_rows_of_fifteen_columns_take_at_most_3500_tokens() -> None:
    """With ids, times and texts as vendors make them; the reference needs 8,381."""
    rows = sorted(billing.tables()["customers"], key=lambda row: str(row["id"]))[:50]
    kinds = {"balance": "BIGINT", "livemode": "BOOLEAN", "mrr": "DOUBLE"}
    kinds |= dict.fromkeys(("created", "canceled_at"), "TIMESTAMP WITH TIME ZONE")
    answer = QueryResult(
        tuple(billing.COLUMNS),
        tuple(kinds.get(column, "VARCHAR") for column in billing.COLUMNS),
        [tuple(row[column] for column in billing.COLUMNS) for row in rows],
    )
    texts = {"vendor-like": render_compact(answer), "stripe": answers()["compact: stripe customers, 50 x 15"]}
    assert all(number <= 3_500 for number in counted(texts).values()), counted(texts)
    assert not exceeds(texts["vendor-like"], 5_000)  # what MCP's query answers in rows, unless told otherwise
