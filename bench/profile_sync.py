"""Where a sync spends its time: `python bench/profile_sync.py [--case NAME] [--how WAY] [--again]`.

`timeline` clocks the loader's steps and statements (timeline.py), `stacks` samples all threads with py-spy (which must
be installed), `imports` lists the slowest imports, `calls` is cProfile on the main thread. `--again` profiles the
second sync, which brings 1 % changed rows.
"""

from __future__ import annotations

import argparse
import collections
import re
import subprocess
import sys
from pathlib import Path

import trial
from cases import all_cases
from contenders import Ours, Stand, environment


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", default="cursor100k")
    parser.add_argument("--how", choices=("timeline", "stacks", "imports", "calls"), default="timeline")
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    case = next(case for case in all_cases(quick=False, runs=1) if case.name == given.case)
    ours = Ours()
    with trial.server(case.rows) as api, trial.folder() as place:
        if given.again:
            trial.once(case, ours, api, place)
            api.control("generation?value=1")
        else:
            ours.prepare(Stand(case, api.url, place))
        sync = [str(ours.python), "-m", "dinobase", "sync", "bench"]
        {"timeline": timeline, "stacks": stacks, "imports": imports, "calls": calls}[given.how](sync, place)
    return 0


def run(argv: list[str], place: Path) -> str:
    done = subprocess.run(argv, env=environment(place), cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
    return done.stderr


def timeline(sync: list[str], place: Path) -> None:
    script = Path(__file__).with_name("timeline.py")
    print(run([sync[0], str(script), *sync[3:]], place))


def stacks(sync: list[str], place: Path) -> None:
    out = place / "stacks.txt"
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "-f", "raw", "-r", "100", "--nonblocking", "-t"]
    run([*spy, "-o", str(out), "--", *sync], place)
    own: collections.Counter[str] = collections.Counter()
    total: collections.Counter[str] = collections.Counter()
    threads: collections.Counter[str] = collections.Counter()
    for line in out.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [re.sub(r":\d+\)$", ")", frame).replace(str(Path.cwd()), "") for frame in stack.split(";")]
        threads[frames[0]] += int(count)
        own[frames[-1]] += int(count)
        for frame in {*frames[1:]}:
            total[frame] += int(count)
    everything = sum(threads.values())
    for title, counted, most in (("threads", threads, 12), ("own time", own, 40), ("with callees", total, 60)):
        print(f"\n== {title} ({everything} samples at 100 a second; waiting threads are left out)")
        for name, seen in counted.most_common(most):
            print(f"{seen / 100:7.3f} s  {100 * seen / everything:5.1f} %  {name}")


def imports(sync: list[str], place: Path) -> None:
    lines = [line for line in run([sync[0], "-X", "importtime", *sync[1:]], place).splitlines() if "|" in line]
    parsed = []
    for line in lines[1:]:
        alone, together, name = line.removeprefix("import time:").split("|")
        parsed.append((int(together), int(alone), name))
    print(f"{sum(own for _, own, _ in parsed) / 1000:.0f} ms in {len(parsed)} modules, slowed by the tracing itself")
    for cumulative, own, module in sorted(parsed, reverse=True)[:60]:
        print(f"{cumulative / 1000:8.1f} ms with what it imports {own / 1000:7.1f} ms own  {module}")


def calls(sync: list[str], place: Path) -> None:
    stats = place / "calls.pstats"
    profiled = (  # the command ends by os._exit, after which nothing is written
        "import cProfile, os, sys; profile, leave = cProfile.Profile(), os._exit\n"
        "os._exit = lambda code: (profile.dump_stats(sys.argv.pop()), leave(code))\n"
        "from dinobase.cli.main import main\nprofile.runcall(main, sys.argv[1:-1])"
    )
    run([sync[0], "-c", profiled, *sync[3:], str(stats)], place)
    code = "import pstats, sys; pstats.Stats(sys.argv[1]).sort_stats(sys.argv[2]).print_stats(45)"
    for order in ("tottime", "cumtime"):
        subprocess.run([sys.executable, "-c", code, str(stats), order], check=True)


if __name__ == "__main__":
    sys.exit(main())
