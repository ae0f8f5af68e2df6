"""When connectors are due, from config.yaml and the records of runs; and how a scheduler says that it lives.

What it says is a file in the state folder. What is told of it to anybody holds numbers alone: no name, no message.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dinobase.catalog import freshness
from dinobase.catalog.runs import DEFAULT_FRESHNESS_S, RunLog
from dinobase.core.clock import iso, now
from dinobase.core.settings import Paths, env
from dinobase.kinds import timing
from dinobase.spec.config_plain import plain_config
from dinobase.spec.kept import keep
from dinobase.sync.scheduler import Standing, due_at

_STALLED_S = 60.0
COUNTED = 25  # runs, one after another; more failures than that wait as long as the interval says anyway


@dataclass(frozen=True, slots=True)
class ScheduledConnector:
    """One connector; `failures`: of runs up to now, one after another. Without `next_at` it is never due."""

    name: str
    schedule: str
    next_at: str | None
    is_due: bool
    status: str
    last_started_at: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class SchedulerState:
    """The scheduler of this machine: `stalled` where it was not heard of for a minute."""

    status: Literal["running", "stopping", "stopped", "stalled", "none"]
    pid: int | None = None
    started_at: str | None = None
    heard_at: str | None = None
    running: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is due when, and who looks after it."""

    scheduler: SchedulerState
    connectors: Sequence[ScheduledConnector]


@dataclass(frozen=True, slots=True)
class Units:
    """What starts the scheduler with the machine; it is printed, and put nowhere."""

    systemd: str
    systemd_file: str
    cron: str


def overview(paths: Paths) -> Schedule:
    """Say what is due when."""
    config = plain_config(paths)
    log, zone, moment = RunLog(paths.state, config["storage"]["catalog"]), local_zone(), now()
    found = []
    for name, entry in sorted(config["connectors"].items()):
        when = timing_of(entry, zone)
        runs = log.last_runs(name, COUNTED)
        status = str(runs[0]["status"]) if runs else "never"
        if when is None:
            found.append(ScheduledConnector(name, timing.NEVER, None, is_due=False, status=status))
            continue
        one = standing(when, runs, moment)
        due = due_at(one, moment)
        found.append(
            ScheduledConnector(
                name=name,
                schedule=entry["sync_interval"] or _said(when),
                next_at=iso(max(due, moment)),
                is_due=due <= moment and status != "running",
                status=status,
                last_started_at=iso(one.began) if one.began else None,
                failures=one.failures,
            )
        )
    return Schedule(state(paths), found)


def timing_of(entry: Mapping[str, Any], zone: tzinfo) -> timing.Timing | None:
    """Return when a connector is due: as its entry says, else as often as its data may be old; None for never."""
    text = entry.get("sync_interval") or ""
    if text:
        return timing.parse(text, zone)
    old = freshness.said(entry)
    return None if old == timing.NEVER else timing.parse(old, zone) or timing.Every(DEFAULT_FRESHNESS_S)


def standing(when: timing.Timing, runs: Sequence[Mapping[str, Any]], moment: datetime) -> Standing:
    """Return how a connector stands by its recorded runs, the newest first."""
    past = [run for run in runs if datetime.fromisoformat(run["started_at"]) <= moment]
    if not past:
        return Standing(when)
    newest = past[0]
    finished = newest["finished_at"]
    ended = [run for run in past if run["status"] != "running"]
    failures = next((n for n, run in enumerate(ended) if run["status"] == "success"), len(ended))
    return Standing(
        when,
        began=datetime.fromisoformat(newest["started_at"]),
        ended=datetime.fromisoformat(finished) if finished else None,
        failures=failures,
    )


def local_zone() -> tzinfo:
    """Return the zone that cron expressions are meant in: $TZ, else the machine's, else UTC."""
    name = (env("TZ") or "").lstrip(":")
    try:
        if name:
            return ZoneInfo(name)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError, KeyError):  # a zone that is not known here is a KeyError
        return UTC


def _said(when: timing.Timing) -> str:
    seconds = int(when.seconds) if isinstance(when, timing.Every) else 0
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def file_of(paths: Paths) -> Path:
    """Return the file in which the scheduler says how it is."""
    return paths.state / "scheduler.json"


def tell(paths: Paths, facts: Mapping[str, Any]) -> None:
    """Leave word; where it cannot be left, the scheduler is seen as stalled."""
    keep(paths, file_of(paths), json.dumps({**facts, "heard_at": iso(now())}) + "\n")


def told(paths: Paths) -> dict[str, Any] | None:
    """Return the last word, None where there is none."""
    try:
        facts = json.loads(file_of(paths).read_bytes())
        datetime.fromisoformat(facts["heard_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(facts)


def state(paths: Paths) -> SchedulerState:
    """Say how the scheduler is."""
    facts = told(paths)
    if facts is None:
        return SchedulerState("none")
    status = facts["status"]
    if status != "stopped" and (now() - datetime.fromisoformat(facts["heard_at"])).total_seconds() > _STALLED_S:
        status = "stalled"
    running = sorted(name for name, one in facts["connectors"].items() if one["running"])
    return SchedulerState(
        status, facts["pid"], facts["started_at"], facts["heard_at"], running if status != "stopped" else ()
    )


def health(paths: Paths) -> tuple[int, dict[str, Any]]:
    """Return the answer to a health check: 200 while a scheduler runs, else 503; numbers alone."""
    facts, found = told(paths) or {}, state(paths)
    moment = now()
    connectors = list(facts.get("connectors", {}).values())
    late = sum(1 for c in connectors if not c["running"] and _late(c, moment))
    body = {
        "status": found.status,
        "heard_at": found.heard_at,
        "connectors": len(connectors),
        "running": sum(1 for c in connectors if c["running"]),
        "failing": sum(1 for c in connectors if c["failures"]),
        "late": late,
    }
    return (200 if found.status == "running" else 503), body


def _late(connector: Mapping[str, Any], moment: datetime) -> bool:
    """Tell whether it waits for a minute already."""
    return (moment - datetime.fromisoformat(connector["next_at"])).total_seconds() > _STALLED_S


def units(paths: Paths, command: Sequence[str]) -> Units:
    """Return a systemd unit and a line for cron."""
    words, root = shlex.join(command), str(paths.root)
    unit = (
        "[Unit]\nDescription=Dinobase keeps its tables fresh\n"
        f'\n[Service]\nEnvironment="DINOBASE_DIR={_in_unit(root)}"\n'
        f"ExecStart={' '.join(_word_in_unit(word) for word in command)} sync --schedule\n"
        "Restart=on-failure\nRestartSec=10\nKillMode=mixed\nTimeoutStopSec=60\n"
        "\n[Install]\nWantedBy=default.target\n"
    )
    line = f"DINOBASE_DIR={shlex.quote(root)} {words} sync --schedule --once >/dev/null 2>&1".replace("%", r"\%")
    return Units(unit, "~/.config/systemd/user/dinobase.service", f"* * * * * {line}")


def _in_unit(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%")


def _word_in_unit(word: str) -> str:
    quoted = _in_unit(word).replace("$", "$$")
    return quoted if quoted == shlex.quote(word) else f'"{quoted}"'
