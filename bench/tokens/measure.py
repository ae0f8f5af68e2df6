"""Counts the tokens of ten answers in each format, with a model's own tokenizer (o200k).

python bench/tokens/measure.py [FOLDER]: the npm packages gpt-tokenizer and @toon-format/toon are put into FOLDER
(default bench/.cache/tokens) when they are not there. Prints the table of docs/answers.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from dinobase.query.format import render  # noqa: E402 - the path is set above
from dinobase.query.result import QueryResult  # noqa: E402

PACKAGES = ("gpt-tokenizer@3", "@toon-format/toon@2")


def tokenizer(folder: Path) -> Path:
    """Install the npm packages once."""
    if not (folder / "node_modules" / "gpt-tokenizer").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, *PACKAGES], check=True)
    return folder


def count(texts: Sequence[str], folder: Path) -> list[int]:
    """Return the number of tokens of each text."""
    return list(_node(texts, folder))


def toon(rows: Sequence[Any], folder: Path) -> list[str]:
    """Return each list of rows in TOON."""
    return list(_node(rows, folder, "--toon"))


def _node(given: Any, folder: Path, *flags: str) -> Any:
    command = ["node", str(HERE / "count.mjs"), str(folder.absolute()), *flags]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def results() -> dict[str, QueryResult]:
    """Return the ten answers."""
    saved = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    return {
        name: QueryResult(tuple(entry["columns"]), tuple(entry["types"]), [tuple(row) for row in entry["rows"]])
        for name, entry in saved.items()
    }


def texts(found: dict[str, QueryResult], folder: Path) -> dict[str, list[str]]:
    """Return every answer in every format."""
    rows = [[dict(zip(r.columns, row, strict=True)) for row in r.rows] for r in found.values()]
    return {
        "JSON": [json.dumps(entry, ensure_ascii=False) for entry in rows],
        "JSON lines": [render(r, "ndjson") for r in found.values()],
        "Markdown": [render(r, "markdown") for r in found.values()],
        "TOON": toon(rows, folder),
        "CSV": [render(r, "csv") for r in found.values()],
        "compact": [render(r, "compact") for r in found.values()],
    }


def main(folder: Path) -> None:
    """Print a Markdown table."""
    tokenizer(folder)
    found = results()
    counts = {form: count(entries, folder) for form, entries in texts(found, folder).items()}
    print(f"| Answer | {' | '.join(counts)} |\n| --- |{' ---: |' * len(counts)}")
    for place, name in enumerate(found):
        print(f"| {name} | {' | '.join(f'{entry[place]:,}' for entry in counts.values())} |")
    print(f"| **all** | {' | '.join(f'**{sum(entry):,}**' for entry in counts.values())} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / ".cache" / "tokens")
