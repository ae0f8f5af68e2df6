"""Fail when a test was skipped that the list of allowed skips does not name, or when no test ran at all."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def main(report: str, allowed_list: str) -> int:
    """Print what is wrong; the exit code says whether anything is."""
    lines = Path(allowed_list).read_text(encoding="utf-8").splitlines()
    allowed = {line.split("  ")[0].strip() for line in lines if line.strip() and not line.startswith("#")}
    cases = list(ET.parse(report).getroot().iter("testcase"))
    skipped = {
        f"{case.get('classname')}.{case.get('name')}": found.get("message", "")
        for case in cases
        if (found := case.find("skipped")) is not None
    }
    for name in sorted(skipped.keys() - allowed):
        print(f"skipped, and {allowed_list} does not allow it: {name}: {skipped[name]}", file=sys.stderr)
    if len(cases) <= len(skipped):
        print("no test ran", file=sys.stderr)
        return 1
    return 1 if skipped.keys() - allowed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
