"""What a pattern means in a store: where a walk begins, how deep it goes, and which paths it takes. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """`root`: the folder under which all of it lies; `depth`: how many folders below it are walked, None: all.

    takes: what the whole path must match; None where the path is one file.
    """

    root: str
    depth: int | None
    takes: re.Pattern[str] | None

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Read a pattern: `*` and `?` stay within a folder, `**` goes down."""
        found = _MAGIC.search(text)
        if found is None:
            return cls(text, 0, None)
        root = text[: text.rfind("/", 0, found.start()) + 1]
        tail = text[len(root) :]
        depth = None if "**" in tail else tail.count("/")
        return cls(root, depth, re.compile(re.escape(root) + _regex(tail)))

    def matches(self, path: str) -> bool:
        """Tell whether a path is taken."""
        return self.takes is None or self.takes.fullmatch(path) is not None


def _regex(text: str) -> str:
    parts, at = [], 0
    while at < len(text):
        if text.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif text.startswith("**", at):
            parts.append(".*")
            at += 2
        elif text[at] == "*":
            parts.append("[^/]*")
            at += 1
        elif text[at] == "?":
            parts.append("[^/]")
            at += 1
        else:
            group = re.match(r"\[(!?)([^\]]+)\]", text[at:])
            if group is None:
                parts.append(re.escape(text[at]))
                at += 1
            else:
                inner = group[2].replace("\\", r"\\").replace("^", r"\^")
                parts.append(f"[{'^' if group[1] else ''}{inner}]")
                at += len(group[0])
    return "".join(parts)
