"""RESULTS.md: medians and ratios of one run, what was asked for, and whether it is met."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence

import environments
from cases import Case
from targets import Target, targets
from trial import Results, Trial

OURS = ("aiohttp", "duckdb", "duckdb-extension-ducklake", "msgspec")


def render(cases: Sequence[Case], results: Mapping[str, Results], *, command: str, runs: int, load: float) -> str:
    parts = [
        "# Results of the benchmark",
        "",
        "Whole processes, from start to exit, on one machine in one run; contenders take turns in every round, so",
        "compare the ratios and not the seconds. After each run the tables are counted (rows, distinct keys, sum of an",
        "amount) and compared with what the server served; a run whose tables differ has failed, whatever it says.",
        "",
        *machine(),
        f"- command: `{command.strip()}` ({runs} rounds); load of the machine before it began: {load:.1f}",
        "",
        "## Targets",
        "",
        "| Target | Asked | Measured | |",
        "|---|---|---|---|",
        *(target_line(target) for target in targets(cases, results)),
        "",
    ]
    titles = {case.name: case.title for case in cases}
    titles |= {
        f"{case.name}_first": f"The full load before it: {case.rows:,} rows" for case in cases if case.generations
    }
    titles["postgres1m"] = "PostgreSQL: a table of 1,000,000 rows and 13 columns"
    titles["select1"] = "Cold start: one question, whole process"
    for name, found in results.items():
        case = next((case for case in cases if case.name == name), None)
        parts += [f"## {name}: {titles.get(name, name)}", "", *table(name, found), ""]
        if case and case.bound:
            parts += [bound_line(case, found), ""]
        parts += failures(found)
    return "\n".join([*parts, *notes(results)]).rstrip() + "\n"


def write(text: str) -> None:
    (environments.BENCH / "RESULTS.md").write_text(text)


def machine() -> list[str]:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    ours = environments.versions(environments.ours(), OURS)
    lines = [
        f"- machine: {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}",
        "- ours: " + ", ".join(f"{name} {version}" for name, version in ours.items()),
    ]
    for title, requirements in (("dlt", environments.DLT), ("reference", environments.REFERENCE)):
        lines.append(f"- {title}: {', '.join(requirements)}")
    return lines


def good(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if not trial.problem]


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    middle = form.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({form.format(min(values))}..{form.format(max(values))})"


def ratios(found: Results, other: str, of: Callable[[Trial], float] = lambda trial: trial.seconds) -> list[float]:
    """Round by round, how many times as much as ours."""
    pairs = zip(found.get("ours", []), found.get(other, []), strict=False)
    return [of(theirs) / of(ours) for ours, theirs in pairs if not (ours.problem or theirs.problem)]


def table(name: str, found: Results) -> list[str]:
    lines = [
        "| | seconds: median (min..max) | x ours | CPU seconds | x ours | peak memory | requests at once |",
        "|---|---|---|---|---|---|---|",
    ]
    for contender, trials in found.items():
        right = good(trials)
        if not right:
            lines.append(f"| {contender} | {'failed, see below' if trials else 'not run'} | | | | | |")
            continue
        form = "{:.3f}" if name == "select1" else "{:.2f}"
        times = ratios(found, contender) if contender != "ours" else []
        work = ratios(found, contender, lambda trial: trial.cpu_seconds) if contender != "ours" else []
        lines.append(
            f"| {contender} | {spread([trial.seconds for trial in right], form)} | {spread(times) if times else ''} "
            f"| {statistics.median(trial.cpu_seconds for trial in right):.2f} | {spread(work) if work else ''} "
            f"| {max(trial.peak_bytes for trial in right) / 1e6:.0f} MB | {max(t.max_in_flight for t in right) or ''} |"
        )
    return lines


def bound_line(case: Case, found: Results) -> str:
    assert case.bound
    whole, spans = [], []
    for contender, trials in found.items():
        if right := good(trials):
            whole.append(f"{contender} {statistics.median(trial.seconds for trial in right) / case.bound:.2f}")
            spans.append(f"{contender} {statistics.median(trial.span for trial in right) / case.bound:.2f}")
    return (
        f"Bound: {case.bound_from} = {case.bound:.2f} s. Whole process over bound: {', '.join(whole)}. "
        f"From the first request to the last answer, as the server saw it, over bound: {', '.join(spans)}."
    )


def failures(found: Results) -> list[str]:
    lines = []
    for contender, trials in found.items():
        wrong = [trial for trial in trials if trial.problem]
        if wrong:
            exits = ", ".join(sorted({str(trial.exit_code) for trial in wrong}))
            text = wrong[0].problem.replace(str(environments.BENCH.parent), "...").replace("|", "·")
            lines += [f"- {contender}: {len(wrong)} of {len(trials)} runs failed, exit code {exits}: {text}"]
    return [*lines, ""] if lines else []


def target_line(target: Target) -> str:
    if target.measured is None:
        return f"| {target.title} | {target.asked} | not measured | |"
    return f"| {target.title} | {target.asked} | {target.shown} | {'met' if target.met else '**not met**'} |"


NOTES = """\
## What is compared

- dlt: `rest_api` with `loader_file_format="parquet"` and pyarrow, merge by primary key, `parallelized` children with
  eight extract workers; its default (INSERT statements) takes several times as long and is not shown.
- reference: the published package by its own `dinobase sync`, our connector file among its packaged ones; telemetry,
  update check and annotation off. pyarrow is added: without it no sync of a packaged connector succeeds, and the exit
  code is 0 then too.
- bare: pages fetched with aiohttp and cut with msgspec, then `read_json` with given types to one Parquet file. No types
  are found or checked, nothing is merged, no lake, no cursor, nothing survives a kill.
- Peak memory is the greatest in any round: the kernel's mark of the process, or its tree's sum where that is more.
- `requests at once` is what the server saw; the bounds assume `concurrency: 8`, the connector format's default."""


def notes(results: Mapping[str, Results]) -> list[str]:
    lines = NOTES.splitlines()
    bare = [trial.said for trial in results.get("cursor100k", {}).get("bare", []) if trial.said]
    if bare:
        fetch, load = (statistics.median(said[part] for said in bare) for part in ("fetch", "load"))
        lines.append(
            f"- bare, cursor100k: fetch {fetch:.2f} s, read_json and Parquet {load:.2f} s; the rest is start-up."
        )
    return lines
