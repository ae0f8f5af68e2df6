"""The baselines' own virtual environments: made on first use, pinned, and never mixed with ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parent
VENVS = BENCH / ".venvs"
# What pip gave for these on the day of the first measurement; the reference needs pyarrow and does not say so.
DLT = ("dlt[duckdb]==1.31.0", "duckdb==1.5.5", "pyarrow==26.0.1")
REFERENCE = ("dinobase==0.2.9", "dlt==1.31.0", "duckdb==2.0.1", "pyarrow==26.0.1")


def python(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of that environment, which is made if it is not there or asks for other versions."""
    folder = VENVS / name
    interpreter, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = "\n".join(requirements)
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"making the environment of {name}: {' '.join(requirements)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "-q", *requirements], check=True)
        stamp.write_text(wanted)
    return interpreter


def versions(interpreter: Path, packages: tuple[str, ...]) -> dict[str, str]:
    code = "import importlib.metadata as m, sys; print(*[m.version(name) for name in sys.argv[1:]])"
    done = subprocess.run([str(interpreter), "-c", code, *packages], check=True, capture_output=True, text=True)
    return dict(zip(packages, done.stdout.split(), strict=True))
