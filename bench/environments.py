"""A virtual environment for everyone who is measured: made on first use, pinned, and never mixed with another.

Ours is installed like a user's, not from the checkout: an editable install starts slower, and files that change during
a run would be measured too.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).parent
VENVS = BENCH / ".venvs"
# What pip gave for these on the day of the first measurement; the reference needs pyarrow and does not say so.
DLT = ("dlt[duckdb]==1.31.0", "duckdb==1.5.5", "pyarrow==26.0.1")
REFERENCE = ("dinobase==0.2.9", "dlt==1.31.0", "duckdb==2.0.1", "pyarrow==26.0.1")


def python(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of that environment, which is made if it is not there or asks for other versions."""
    interpreter, stamp = _interpreter(name), VENVS / name / "requirements.txt"
    wanted = "\n".join(requirements)
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"making the environment of {name}: {' '.join(requirements)}", file=sys.stderr)
        _make(name)
        _install(interpreter, *requirements)
        stamp.write_text(wanted)
    return interpreter


@functools.cache
def ours() -> Path:
    """The interpreter of an environment that holds this checkout as it is now."""
    interpreter, stamp = _interpreter("ours"), VENVS / "ours" / "pyproject.toml"
    with tempfile.TemporaryDirectory() as made:
        copy = Path(made)
        shutil.copytree(BENCH.parent / "dinobase", copy / "dinobase", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            source = BENCH.parent / name
            (copy / name).write_bytes(source.read_bytes() if source.exists() else b"")
        wanted = (copy / "pyproject.toml").read_text()
        if not (stamp.exists() and stamp.read_text() == wanted):
            print("making the environment of ours", file=sys.stderr)
            _make("ours")
            _install(interpreter, str(copy))
            stamp.write_text(wanted)
        else:
            _install(interpreter, "--force-reinstall", "--no-deps", str(copy))
    return interpreter


def versions(interpreter: Path, packages: tuple[str, ...]) -> dict[str, str]:
    code = "import importlib.metadata as m, sys; print(*[m.version(name) for name in sys.argv[1:]])"
    done = subprocess.run([str(interpreter), "-c", code, *packages], check=True, capture_output=True, text=True)
    return dict(zip(packages, done.stdout.split(), strict=True))


def _interpreter(name: str) -> Path:
    return VENVS / name / "bin" / "python"


def _make(name: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENVS / name)], check=True)


def _install(interpreter: Path, *requirements: str) -> None:
    subprocess.run([str(interpreter), "-m", "pip", "install", "-q", *requirements], check=True)
