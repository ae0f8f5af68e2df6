"""The benchmark: `python bench/run.py [--quick] [--case NAME] [--only ours,dlt] [--runs N]`.

Only a full run writes RESULTS.md, so that all its numbers come from the same run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import coldstart
import postgres1m
import report
import trial
from cases import all_cases
from contenders import CONTENDERS

EXTRA = ("memory", "select1", postgres1m.NAME)


def main(argv: Sequence[str] | None = None) -> int:
    given = arguments(argv)
    runs = given.runs or (2 if given.quick else 5)
    cases = all_cases(quick=given.quick, runs=runs)
    names = [case.name for case in cases] + list(EXTRA)
    wanted = {*(given.case or names)}
    if unknown := sorted(wanted - {*names}):
        print(f"no case {', '.join(unknown)}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    if "memory" in wanted:
        wanted |= {"cursor100k", "incremental1m"}
    chosen = [CONTENDERS[name]() for name in given.only]
    results: dict[str, trial.Results] = {}
    before = os.getloadavg()[0]
    for case in cases:
        if case.name in wanted:
            results |= trial.run_case(case, chosen, 1 if given.case == ["memory"] else runs)
    if "select1" in wanted:
        results |= coldstart.run({*given.only}, 5 if given.quick else 20)
    if postgres1m.NAME in wanted:
        results |= postgres1m.run(given.only, runs, quick=given.quick)
    text = report.render(
        cases, results, command="python bench/run.py " + " ".join(argv or sys.argv[1:]), runs=runs, load=before
    )
    print(text)
    if not (given.quick or given.case or given.only != list(CONTENDERS)):
        report.write(text)
    return 0


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, two rounds; writes no RESULTS.md")
    parser.add_argument("--case", action="append", help="only this case (may be repeated)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(CONTENDERS))
    parser.add_argument("--runs", type=int, help="rounds, each with every contender once (default 5)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
