"""What an agent waits for: a whole `dinobase query` process, beside the least that Python and DuckDB take."""

from __future__ import annotations

from pathlib import Path

import environments
import measure
import trial
from cases import cursor
from contenders import Ours, Reference, environment

ROWS = 1_000


def run(only: set[str], runs: int) -> dict[str, trial.Results]:
    """Interleaved like the other cases, in workspaces that hold one synced connector."""
    case = cursor("select1", ROWS)
    python = str(environments.ours())
    commands: dict[str, tuple[list[str], Path]] = {}
    with trial.server(ROWS) as api, trial.folder() as place:
        ours, theirs = place / "ours", place / "reference"
        if "ours" in only:
            ours.mkdir()
            dinobase = Ours()
            if not trial.once(case, dinobase, api, ours).problem:
                query = [dinobase.dinobase, "query"]
                commands['ours: query "select 1"'] = ([*query, "select 1"], ours)
                commands['ours: query "select count(*) from bench.records"'] = (
                    [*query, "select count(*) from bench.records"],
                    ours,
                )
        if "reference" in only:
            theirs.mkdir()
            reference = Reference()
            if not trial.once(case, reference, api, theirs).problem:
                script = str(reference.python.with_name("dinobase"))
                commands['reference: query "select 1"'] = ([script, "query", "select 1"], theirs)
        commands['python -c "pass"'] = ([python, "-c", "pass"], place)
        commands['python -c "import duckdb"'] = ([python, "-c", "import duckdb"], place)
        results: trial.Results = {name: [] for name in commands}
        for _ in range(runs):
            for name, (argv, folder) in commands.items():
                done = measure.run(argv, environment(folder), folder)
                problem = f"exit {done.exit_code}: {trial.last_words(done)}" if done.exit_code else ""
                results[name].append(
                    trial.Trial(done.seconds, done.cpu_seconds, done.peak_bytes, done.exit_code, 0, 0, problem=problem)
                )
    return {"select1": results}
