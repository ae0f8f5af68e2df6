"""Numbers of tokens as a model's tokenizer counts them (o200k), kept by the text that was counted.

A text that is not in the file was changed since: UPDATE_GOLDEN=1 counts it with the npm package that
bench/tokens/measure.py installs, and writes it there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dinobase.query.result import QueryResult

HERE = Path(__file__).parent
TOKENS = HERE.parents[1] / "bench" / "tokens"
COUNTS = HERE / "counts.json"


@cache
def results() -> dict[str, QueryResult]:
    """Ten answers over real shapes."""
    saved = json.loads((TOKENS / "results.json").read_text(encoding="utf-8"))
    return {
        name: QueryResult(tuple(entry["columns"]), tuple(entry["types"]), [tuple(row) for row in entry["rows"]])
        for name, entry in saved.items()
    }


def counted(texts: Mapping[str, str]) -> dict[str, int]:
    """Return the real number of tokens of each text."""
    known = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    keys = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()}
    if os.environ.get("UPDATE_GOLDEN"):
        missing = {name: text for name, text in texts.items() if keys[name] not in known}
        from bench.tokens import measure

        folder = measure.tokenizer(TOKENS.parent / ".cache" / "tokens")
        fresh = measure.count(list(missing.values()), folder)
        known |= {keys[name]: number for name, number in zip(missing, fresh, strict=True)}
        COUNTS.write_text(json.dumps(known, indent=0, sort_keys=True) + "\n")
    unknown = [name for name in texts if keys[name] not in known]
    assert not unknown, f"not counted yet: {unknown}; UPDATE_GOLDEN=1 pytest tests/answers"
    return {name: known[key] for name, key in keys.items()}
