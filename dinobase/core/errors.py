"""The error tree: one shape for CLI, MCP and Python: code, message, hint, context.

DinobaseError                 exit 1   the work failed
├── FetchError                         the API did not answer as it should
│   └── FetchRefused                   it answered that we may not (401, 403)
├── LoadError                          records could not become rows
├── LakeError                          the storage failed: disk, catalog, lock
├── SyncError                          a sync as a whole
├── QueryTimeout                       stopped at its time limit
└── RequestError              exit 2   what was asked for is wrong
├── UsageError                     arguments
├── UnknownName                    a connector, table, column, resource that is not there
├── SpecError                      a connector file or config.yaml
├── CredentialMissing              flag and env variable of all that miss
└── QueryError                     refused or faulty SQL
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


class DinobaseError(Exception):
    """Carries facts as fields; `message` never holds a secret."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, code: str = "", hint: str = "", retry: bool = False, **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.retry = retry
        self.context: Mapping[str, Any] = context
        self.error_code = code or type(self).code
        if hint:
            self.add_note(hint)  # what a traceback shows below the message

    def as_dict(self) -> dict[str, Any]:
        """Return the shape that SPEC.md promises for any failure."""
        return {
            "error": {
                "code": self.error_code,
                "message": self.message,
                "hint": self.hint,
                "context": dict(self.context),
            }
        }


class FetchError(DinobaseError):
    """The API did not answer as it should; context: resource, url, status, body."""

    code = "fetch.failed"


class FetchRefused(FetchError):
    """401 or 403: stops the resources that use that authentication."""

    code = "fetch.refused"


class LoadError(DinobaseError):
    """Records could not become rows; context: resource, record."""

    code = "load.failed"


class LakeError(DinobaseError):
    """Disk, catalog or lock."""

    code = "lake.failed"


class SyncError(DinobaseError):
    """A sync as a whole could not run."""

    code = "sync.failed"


class QueryTimeout(DinobaseError):
    """The query was stopped at its time limit."""

    code = "query.timeout"


class RequestError(DinobaseError):
    """What was asked for is wrong; nothing was done."""

    code = "request.wrong"
    exit_code = 2


class ReadOnlyError(DinobaseError):
    """The workspace, or a part of it, may only be read here."""

    code = "system.read_only"

    def __init__(self, folder: object) -> None:
        """Name the folder."""
        super().__init__(
            f"The folder {folder} cannot be written",
            hint="What only reads works. To write, give this user the right to, or set DINOBASE_DIR to another folder.",
            folder=str(folder),
        )


class UsageError(RequestError):
    """Arguments of a command."""

    code = "usage"


class UnknownName(RequestError):
    """A name that is not there; the hint holds the nearest one."""

    code = "unknown"


class CredentialMissing(RequestError):
    """Names flag and environment variable of every credential that misses."""

    code = "credential.missing"


class QueryError(RequestError):
    """SQL that is refused or faulty."""

    code = "query.faulty"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a file; line and column count from 1, 0 where the file has no such place."""

    file: str
    line: int
    column: int
    code: str
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}  {self.code}  {self.message}"
        return f"{text} {self.hint}" if self.hint else text


class SpecError(RequestError):
    """Every problem of one file, in file order."""

    code = "spec.invalid"

    def __init__(self, file: str, problems: Iterable[Problem], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(
            f"{file} has {count} problem{'s' if count != 1 else ''}",
            hint=hint,
            file=file,
            problems=[
                {
                    "line": p.line,
                    "column": p.column,
                    "code": p.code,
                    "path": p.path,
                    "message": p.message,
                    "hint": p.hint,
                }
                for p in self.problems
            ],
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name, or '' where none is near."""
    import difflib  # only errors need it

    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near:
        near = difflib.get_close_matches(name.lower(), [n for n in names if n.islower()], n=1, cutoff=0.6)
    return near[0] if near else ""
