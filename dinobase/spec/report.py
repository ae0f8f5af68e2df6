"""Findings in one file: each has a place, what was found, what is allowed; shown in file order, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dinobase.core.errors import Problem, did_you_mean
from dinobase.spec.yaml_lines import Document, Path, Place, dotted

__all__ = ["Findings", "Path", "Report", "dotted", "names", "near", "said"]


@dataclass(frozen=True, slots=True)
class Findings:
    """Errors make the file unusable; warnings say what will surprise."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class Report:
    """Collects findings; a place inherited from `resource_defaults` is reported where it is written."""

    document: Document
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, path: Path, code: str, message: str, hint: str = "", *, key: bool = False) -> None:
        """Add an error at a value, or at its key."""
        self.errors.append(self._problem(path, f"spec.{code}", message, hint, key=key))

    def warn(self, path: Path, code: str, message: str, hint: str = "", *, key: bool = False) -> None:
        """Add a warning at a value, or at its key."""
        self.warnings.append(self._problem(path, f"spec.{code}", message, hint, key=key))

    def origin(self, path: Path) -> Path:
        """Return where a key is written: a resource's own, or the one of resource_defaults."""
        if len(path) > 2 and path[0] == "resources" and not self._written(path):
            inherited: Path = ("resource_defaults", *path[2:])
            if self._written(inherited):
                return inherited
        return path

    def at(self, path: Path) -> str:
        """Return the key path as messages show it."""
        return dotted(self.origin(path)) or "the file"

    def faulty(self, path: Path) -> bool:
        """Tell whether something at a path or below it, or the whole that holds it, was found wrong already."""
        origin = self.origin(path)
        text = dotted(origin)
        above = {dotted(origin[:end]) for end in range(1, len(origin))}
        return any(
            p.path == text
            or p.path.startswith((f"{text}.", f"{text}["))
            or (p.path in above and p.code in {"spec.missing_key", "spec.wrong_type"})
            for p in self.errors
        )

    def findings(self, syntax: Sequence[Problem] = ()) -> Findings:
        """Return all in file order, once each; where the YAML itself is faulty, nothing else is said of that place."""
        places = {(p.line, p.column) for p in syntax}
        errors = [p for p in self.errors if p.code.startswith("yaml.") or (p.line, p.column) not in places]
        return Findings(_ordered(errors), _ordered(self.warnings))

    def _written(self, path: Path) -> bool:
        return path in self.document.values or path in self.document.keys

    def _problem(self, path: Path, code: str, message: str, hint: str, *, key: bool) -> Problem:
        origin = self.origin(path)
        place: Place = self.document.place(origin, key=key)
        return Problem(self.document.file, place.line, place.column, code, dotted(origin), message, hint)


def near(name: str, known: list[str]) -> str:
    """Say which known name is nearest, and which are known."""
    guess = did_you_mean(name, known)
    return (f"Did you mean `{guess}`? " if guess else "") + f"Allowed: {names(known)}."


def names(known: list[str]) -> str:
    """List names, or say that there are none."""
    return ", ".join(known) if known else "none"


def said(text: str) -> str:
    """Show what a file says, cut where it is long."""
    return f"`{text[:60]}`" if text else "empty"


def _ordered(problems: list[Problem]) -> tuple[Problem, ...]:
    seen: dict[tuple[int, int, str, str], Problem] = {}
    for problem in problems:
        seen.setdefault((problem.line, problem.column, problem.code, problem.path), problem)
    return tuple(sorted(seen.values(), key=lambda p: (p.line, p.column)))
