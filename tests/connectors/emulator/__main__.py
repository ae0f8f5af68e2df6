"""`python -m tests.connectors.emulator [NAME...]`: checks connectors and prints what was found and how long it took."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

from tests.connectors.emulator.check import check
from tests.connectors.prove import packaged


def main(names: list[str]) -> int:
    """Check and print; 1 where something is wrong."""
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    wrong = 0
    for name in names or packaged():
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = check(name, Path(folder))
            except Exception:  # noqa: BLE001 - the next connector is checked all the same
                traceback.print_exc()
                wrong += 1
                continue
        laps = ", ".join(f"{part} {seconds:.1f}" for part, seconds in found.seconds.items())
        counts = f"{found.resources} resources, {found.writes} writes, {found.requests} requests"
        print(f"{name}: {counts}, {sum(found.seconds.values()):.1f} s ({laps})")
        for problem in found.problems:
            print(f"  {problem}")
        wrong += bool(found.problems)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
