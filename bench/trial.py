"""Runs a case: contenders in turn, round after round, each run checked against what the server served."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import environments
import measure
from cases import Case
from contenders import Contender, Stand, environment
from dataset import Facts

CACHE = environments.BENCH / ".cache"


@dataclass(frozen=True, slots=True)
class Trial:
    """One measured run; `problem` is empty if the tables hold exactly what was served."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int
    requests: int
    max_in_flight: int
    span: float = 0.0  # from the first request to the last answer, as the server saw it
    problem: str = ""
    said: Mapping[str, float] = field(default_factory=dict)


Results = dict[str, list[Trial]]


class Server:
    """The benchmark's API in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, action: str) -> dict[str, float]:
        with urllib.request.urlopen(f"{self.url}control/{action}", timeout=300) as response:
            answer: dict[str, float] = json.load(response)
        return answer


@contextmanager
def server(rows: int) -> Iterator[Server]:
    """Started with all its pages encoded."""
    script = environments.BENCH / "server.py"
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        running = Server(process.stdout.readline().strip())
        running.control(f"prepare?rows={rows}")
        yield running
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def folder() -> Iterator[Path]:
    CACHE.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def run_case(case: Case, contenders: Sequence[Contender], runs: int) -> dict[str, Results]:
    """Results by table of the report: the case itself and, for the incremental one, its first full load."""
    contenders = [contender for contender in contenders if case.shape in contender.shapes]
    with server(case.rows) as api:
        if case.generations:
            return incremental(case, contenders, api, runs)
        results: Results = {contender.name: [] for contender in contenders}
        for _ in range(runs):
            for contender in contenders:
                with folder() as place:
                    results[contender.name].append(once(case, contender, api, place))
        return {case.name: results}


def incremental(case: Case, contenders: Sequence[Contender], api: Server, runs: int) -> dict[str, Results]:
    first: Results = {contender.name: [] for contender in contenders}
    later: Results = {contender.name: [] for contender in contenders}
    with folder() as place:
        for contender in contenders:
            (place / contender.name).mkdir()
            first[contender.name].append(once(case, contender, api, place / contender.name))
        for generation in range(1, runs + 1):
            api.control(f"generation?value={generation}")
            for contender in contenders:
                if first[contender.name][0].problem:
                    continue
                trial = once(case, contender, api, place / contender.name, generation)
                later[contender.name].append(trial)
    return {f"{case.name}_first": first, case.name: later}


def once(case: Case, contender: Contender, api: Server, place: Path, generation: int = 0) -> Trial:
    """Set up, run under the clock, and look into the tables."""
    stand = Stand(case, api.url, place)
    try:
        if not generation:
            contender.prepare(stand)
        api.control("reset")
        run = measure.run(contender.command(stand), environment(place), place)
        seen = api.control("stats")
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        return announce(case, contender, Trial(0, 0, 0, -1, 0, 0, problem=f"not set up: {error}"))
    try:
        problem = differences(case.expected_at(generation), contender.facts(stand))
    except (RuntimeError, OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
        problem = f"its tables cannot be read: {error}"
    if run.exit_code and not problem:
        problem = f"exit {run.exit_code}"
    if problem:
        problem += f" | it said: {last_words(run)}"
    said = json.loads(run.stdout) if contender.name == "bare" and run.exit_code == 0 else {}
    trial = Trial(
        run.seconds,
        run.cpu_seconds,
        run.peak_bytes,
        run.exit_code,
        int(seen["requests"]),
        int(seen["max_in_flight"]),
        seen["span"],
        problem,
        said,
    )
    return announce(case, contender, trial)


def differences(expected: Mapping[str, Facts], found: Mapping[str, Facts]) -> str:
    wrong = [
        f"{table} holds {found[table].rows:,} rows, {found[table].keys:,} keys, amount {found[table].amount} "
        f"(served: {facts.rows:,}, {facts.keys:,}, {facts.amount})"
        for table, facts in expected.items()
        if found.get(table) != facts
    ]
    return "; ".join(wrong)


def last_words(run: measure.Run) -> str:
    """What a person would be told: the lines with an error in them, else the end of the output."""
    lines = [line.strip() for line in (run.stderr + "\n" + run.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() and "SYNC ERROR" not in line]
    return " / ".join((errors or lines)[-3:])[-500:]


def announce(case: Case, contender: Contender, trial: Trial) -> Trial:
    print(
        f"{case.name:14} {contender.name:10} {trial.seconds:7.2f} s  cpu {trial.cpu_seconds:7.2f} s  "
        f"peak {trial.peak_bytes / 1e6:5.0f} MB  {trial.requests} requests, {trial.max_in_flight} at once"
        + (f"\n    NOT RIGHT: {trial.problem}" if trial.problem else ""),
        file=sys.stderr,
        flush=True,
    )
    return trial
