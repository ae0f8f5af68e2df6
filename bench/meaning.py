"""A thousand tables are profiled and related: `python bench/meaning.py` prints seconds, memory and what was found.

The tables are made first, which is not measured: 20 columns each, in five sources, half of them with keys that
count, half with keys of chance, each with three references whose truth is known.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import measure
import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("billing", "crm", "support", "product", "hr")
_FILL = (
    "state",
    "amount",
    "rate",
    "at",
    "note",
    "flag",
    "count",
    "code",
    "day",
    "label",
    "score",
    "zone",
    "size",
    "rank",
)


def main(argv: Sequence[str] | None = None) -> int:
    given = arguments(argv)
    if given.work:
        return work(Path(given.work))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        truth = make(root, given.tables, given.rows)
        env = {"DINOBASE_DIR": str(root), "PATH": "/usr/bin:/bin", "HOME": folder}
        done = measure.run([sys.executable, __file__, "--work", str(root)], env, Path(folder), timeout=3600)
        if done.exit_code:
            print(done.stderr, file=sys.stderr)
            return 1
        told = json.loads(done.stdout)
    found = {tuple(one) for one in told["joins"]}
    right = len(found & truth)
    print(
        f"{given.tables} tables x 20 columns x {given.rows} rows: {done.seconds:.0f} s "
        f"(profiles {told['profiles']:.0f}, relationships {told['relationships']:.0f}), CPU {done.cpu_seconds:.0f} s, "
        f"peak {done.peak_bytes / 2**20:.0f} MB; of {len(truth)} references {right} found, {len(found - truth)} others"
    )
    return 0


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--work", default="", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def work(root: Path) -> int:
    """Profile and relate a workspace, as `maintain` does; runs in a process of its own."""
    from dinobase.catalog.relations import rule
    from dinobase.catalog.relations.store import Ledger
    from dinobase.core.settings import Paths
    from dinobase.workspace import Workspace, profiling, relating

    workspace = Workspace(Paths(root))
    begun = time.perf_counter()
    profiling.look_at(SOURCES, workspace.config(), workspace.paths)
    profiled = time.perf_counter()
    relating.look_for(workspace)
    related = time.perf_counter()
    joins = [
        [f"{side.connector}.{side.table}.{side.columns[0]}" for side in one.pair.sides]
        for one in rule.chosen(Ledger(workspace.paths.state).all())
    ]
    print(json.dumps({"profiles": profiled - begun, "relationships": related - profiled, "joins": joins}))
    return 0


def make(root: Path, tables: int, rows: int) -> set[tuple[str, str]]:
    """Make the lakes; returns the references, child and parent."""
    sys.path.insert(0, str(ROOT))
    from dinobase.core.settings import Paths
    from dinobase.lake.location import Storage
    from tests.lake.build import Builder

    paths = Paths(root)
    paths.make(paths.connectors)
    each = tables // len(SOURCES)
    truth: set[tuple[str, str]] = set()
    for source in SOURCES:
        builder = Builder(Storage(paths.lakes).lake(source))
        for number in range(each):
            others = [(number + step) % each for step in (1, 7, 31)]
            builder.commit(_table(source, number, others, rows))
            truth |= {
                (f"{source}.thing{number}.thing{other}_id", f"{source}.thing{other}.id")
                for other in dict.fromkeys(others)
                if other != number
            }
        builder.close()
        definition = {"name": source, "client": {"base_url": f"https://{source}.example"}, "resources": [{"name": "x"}]}
        (paths.connectors / f"{source}.yaml").write_text(yaml.safe_dump(definition))
    paths.config.write_text(yaml.safe_dump({"connectors": {name: {"type": name} for name in SOURCES}}))
    return truth


def _table(source: str, number: int, others: Sequence[int], rows: int) -> str:
    """Return the statement that makes one table: a key, references, an e-mail address or a word, and what fills up."""
    columns = [f"{_key(source, number, 'i')} AS id"]
    columns += [
        f"{_key(source, other, f'(hash(i, {number}, {other}) % {rows})::BIGINT')} AS thing{other}_id"
        for other in dict.fromkeys(others)
        if other != number
    ]
    columns.append(f"'u' || i || '@mail{number % 9}.example' AS email" if number % 10 == 0 else "'w' || i % 40 AS word")
    shapes = (
        "['new', 'open', 'closed', 'lost'][(hash(i, {n}) % 4)::INT + 1]", "(hash(i, {n}) % 90000)::BIGINT",
        "hash(i, {n}) % 1000 / 1000", "TIMESTAMPTZ '2026-01-01' + INTERVAL 1 MINUTE * (hash(i, {n}) % 100000)::INT",
        "'some words ' || hash(i, {n}) % 700", "hash(i, {n}) % 2 = 0", "(hash(i, {n}) % 12)::BIGINT",
    )  # fmt: skip
    for place in range(20 - len(columns)):
        shape = shapes[place % len(shapes)].format(n=number * 100 + place)
        columns.append(f"{shape} AS {_FILL[place % len(_FILL)]}_{place}")
    return f"CREATE TABLE thing{number} AS SELECT {', '.join(columns)} FROM range({rows}) t(i)"


def _key(source: str, number: int, value: str) -> str:
    return f"{value} + 1" if number % 2 else f"md5(concat('{source}', '{number}', {value}))"


if __name__ == "__main__":
    sys.exit(main())
