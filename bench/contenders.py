"""Who is measured: how each is set up outside the clock, run inside it, and asked afterwards what its tables hold."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import environments
import yaml
from cases import Case, connector
from dataset import Facts

SHAPES = frozenset({"cursor", "multi", "children", "offset", "incremental"})
BASELINES = Path(__file__).parent / "baselines"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one contender works on one case."""

    case: Case
    url: str
    folder: Path


class Contender(Protocol):
    """One tool under the same conditions as the others."""

    name: str
    shapes: frozenset[str]

    def prepare(self, stand: Stand) -> None: ...
    def command(self, stand: Stand) -> list[str]: ...
    def facts(self, stand: Stand) -> Mapping[str, Facts]: ...


def environment(folder: Path) -> dict[str, str]:
    """The same for all: no home folder, no telemetry, no update checks, no background annotation."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "DINOBASE_DIR": str(folder),
        "DINOBASE_TELEMETRY": "false",
        "DINOBASE_NO_UPDATE_CHECK": "1",
        "DINOBASE_AUTO_ANNOTATE": "false",
        "DINOBASE_SYNC_LOG_DIR": str(folder),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "EXTRACT__WORKERS": "8",
    }


def call(argv: Sequence[str], folder: Path) -> str:
    """A step outside the clock; what it said is in the error if it fails."""
    done = subprocess.run(
        argv, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{argv[-1]}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


class Ours:
    """This checkout, by its command."""

    name = "ours"
    shapes = SHAPES

    def __init__(self) -> None:
        self.python = environments.ours()
        self.dinobase = str(self.python.with_name("dinobase"))

    def prepare(self, stand: Stand) -> None:
        connectors = stand.folder / "connectors"
        connectors.mkdir()
        (connectors / "bench.yaml").write_text(yaml.safe_dump(connector(stand.case, stand.url), sort_keys=False))
        call([self.dinobase, "add", "bench", "--api-key", "bench-token", "--no-check"], stand.folder)

    def command(self, stand: Stand) -> list[str]:  # noqa: ARG002 - the folder is in the environment
        return [self.dinobase, "sync", "bench"]

    def facts(self, stand: Stand) -> dict[str, Facts]:
        found = {}
        for table in stand.case.expected:
            sql = (
                "SELECT count(*) AS n, count(DISTINCT id) AS k, coalesce(sum(amount_cents), 0)::BIGINT AS a "
                f"FROM bench.{table}"
            )
            row = json.loads(call([self.dinobase, "query", sql, "--format", "json"], stand.folder))["rows"][0]
            found[table] = Facts(int(row["n"]), int(row["k"]), int(row["a"]))
        return found


class Dlt:
    """Plain dlt `rest_api`."""

    name = "dlt"
    shapes = SHAPES

    def __init__(self) -> None:
        self.python = environments.python("dlt", environments.DLT)

    def prepare(self, stand: Stand) -> None:
        pass

    def command(self, stand: Stand) -> list[str]:
        script = BASELINES / "dlt_run.py"
        given = [
            "--case",
            stand.case.shape,
            "--rows",
            str(stand.case.rows),
            "--url",
            stand.url,
            "--folder",
            str(stand.folder),
        ]
        return [str(self.python), str(script), *given]

    def facts(self, stand: Stand) -> dict[str, Facts]:
        return duckdb_facts(self.python, stand, "dlt.duckdb")


class Reference:
    """The public dinobase 0.2.9."""

    name = "reference"
    shapes = SHAPES

    def __init__(self) -> None:
        self.python = environments.python("reference", environments.REFERENCE)

    def prepare(self, stand: Stand) -> None:
        packaged = stand.folder / "packaged.yaml"
        packaged.write_text(yaml.safe_dump(connector(stand.case, stand.url), sort_keys=False))
        call([str(self.python), str(BASELINES / "reference_run.py"), str(packaged), str(stand.folder)], stand.folder)

    def command(self, stand: Stand) -> list[str]:  # noqa: ARG002 - the folder is in the environment
        return [str(self.python.with_name("dinobase")), "sync", "bench"]

    def facts(self, stand: Stand) -> dict[str, Facts]:
        return duckdb_facts(self.python, stand, "dinobase.duckdb")


class Bare:
    """Fetch, cut, read_json, Parquet: the least that could be done."""

    name = "bare"
    shapes = frozenset({"cursor", "multi"})

    def __init__(self) -> None:
        self.python = environments.ours()

    def prepare(self, stand: Stand) -> None:
        pass

    def command(self, stand: Stand) -> list[str]:
        paths = [resource["endpoint"]["path"] for resource in stand.case.resources]
        return [str(self.python), str(BASELINES / "bare.py"), "--url", stand.url, "--folder", str(stand.folder), *paths]

    def facts(self, stand: Stand) -> dict[str, Facts]:
        code = (
            "import duckdb, json, sys; print(json.dumps([duckdb.sql('SELECT count(*), count(DISTINCT id), "
            "sum(amount_cents)::BIGINT FROM read_parquet(?)', params=[f'{n}.parquet']).fetchone() "
            "for n in range(int(sys.argv[1]))]))"
        )
        rows = json.loads(call([str(self.python), "-c", code, str(len(stand.case.expected))], stand.folder))
        return {table: Facts(*row) for table, row in zip(stand.case.expected, rows, strict=True)}


def duckdb_facts(python: Path, stand: Stand, file: str) -> dict[str, Facts]:
    case, database = stand.case, stand.folder / file
    if not database.exists():
        return {table: Facts(0, 0, 0) for table in case.expected}
    found = call([str(python), str(BASELINES / "facts.py"), str(database), *case.expected], stand.folder)
    return {table: Facts(*row) for table, row in json.loads(found).items()}


CONTENDERS: dict[str, type[Ours | Dlt | Reference | Bare]] = {
    "ours": Ours,
    "dlt": Dlt,
    "reference": Reference,
    "bare": Bare,
}
