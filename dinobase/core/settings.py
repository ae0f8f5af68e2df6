"""Paths and environment: the only reader of the process environment."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

VERSION = "0.1.0"
_OTLP = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
_EXPORTERS = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER")


def env(name: str, default: str | None = None) -> str | None:
    """Return an environment variable; an empty one counts as set."""
    return os.environ.get(name, default)


def telemetry() -> bool:
    """Tell whether OTEL_* asks for spans or metrics, by the variables that OpenTelemetry itself reads."""
    if (env("OTEL_SDK_DISABLED") or "").lower() == "true":
        return False
    return any(env(name) for name in _OTLP) or any(env(name) == "otlp" for name in _EXPORTERS)


def resume_after() -> float:
    """Return $DINOBASE_RESUME_AFTER: seconds of fetching from which a cut listing goes on where it was; default 60."""
    try:
        return float(env("DINOBASE_RESUME_AFTER") or 60)
    except ValueError:
        return 60.0


def can_write(folder: str | Path) -> bool:
    """Tell whether files can be made in a folder; of one that is still to be made its parent decides."""
    place = os.fspath(folder)
    while place and not os.path.isdir(place):  # noqa: PTH112 - on the way of every query
        parent = os.path.dirname(place)  # noqa: PTH120
        if parent == place:
            return False
        place = parent
    return os.access(place or ".", os.W_OK | os.X_OK)


def read_only(error: OSError) -> str:
    """Return the folder that this failure is about where it is that it cannot be written, else ''."""
    if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS} or not isinstance(error.filename, str):
        return ""
    folder = error.filename if os.path.isdir(error.filename) else os.path.dirname(error.filename)  # noqa: PTH112, PTH120
    return "" if can_write(folder) else folder


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a workspace keeps what; every folder is made 0700 on first use."""

    root: Path

    @property
    def config(self) -> Path:
        """People read and write this one; it holds no secrets."""
        return self.root / "config.yaml"

    @property
    def connectors(self) -> Path:
        """The user's own connector files; one wins over a packaged one of its name."""
        return self.root / "connectors"

    @property
    def lakes(self) -> Path:
        """One catalog file per connector, its Parquet files beside it."""
        return self.root / "lakes"

    @property
    def spool(self) -> Path:
        """What was fetched and is not committed yet: the checkpoints of killed runs."""
        return self.root / "spool"

    @property
    def state(self) -> Path:
        """Locks, rate limit leases, the records database."""
        return self.root / "state"

    @property
    def cache(self) -> Path:
        """Derived files that can be deleted at any time."""
        return self.root / ".cache"

    @property
    def credentials(self) -> Path:
        """0600, used where there is no OS keyring."""
        return self.root / "credentials.json"

    def make(self, folder: Path) -> Path:
        """Create a folder, readable by its owner only."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def paths(root: str | Path | None = None) -> Paths:
    """Return the workspace's paths: the argument, else $DINOBASE_DIR, else ~/.dinobase; always absolute."""
    chosen = root or env("DINOBASE_DIR") or Path.home() / ".dinobase"
    return Paths(Path(chosen).expanduser().absolute())
