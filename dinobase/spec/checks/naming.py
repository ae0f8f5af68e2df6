"""Names: typed in every query, so SQL takes them bare; each is there once."""

from __future__ import annotations

import re

from dinobase.core.errors import UsageError
from dinobase.spec import names
from dinobase.spec.models import Connector
from dinobase.spec.report import Path, Report

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FLAG = re.compile(r"--[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Options that `dinobase add` has of its own.
_OWN_FLAGS = frozenset({"--name", "--replace", "--no-check", "--resources", "--format", "--help", "--version", "--dir"})


def connector_name(report: Report, connector: Connector) -> None:
    """Refuse a connector's name that SQL does not take bare."""
    if not connector.name:
        return
    try:
        names.check(connector.name)
    except UsageError as error:
        report.error(("name",), "name", f"{error.message}.", f"Use `{names.propose(connector.name)}`.")


def resource_names(report: Report, connector: Connector) -> None:
    """Refuse resources' names that are no table names or are there twice."""
    seen: dict[str, int] = {}
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index, "name")
        if not resource.name:
            continue
        _shape(report, path, resource.name, "a table's name")
        if resource.name in names.RESERVED:
            hint = f"`{resource.name}_` or a plural reads better."
            message = f"`{resource.name}` is a word of SQL: `{resource.name}.id` has to be quoted in queries."
            report.warn(path, "reserved_name", message, hint)
        _once(report, path, seen, resource.name, ("resources", index, "name"))
        seen.setdefault(resource.name, index)


def credential_names(report: Report, connector: Connector) -> None:
    """Refuse credentials whose name, flag or variable is faulty or taken."""
    seen: dict[str, dict[str, int]] = {"name": {}, "flag": {}, "env": {}}
    for index, credential in enumerate(connector.credentials):
        path: Path = ("credentials", index)
        if credential.name:
            _shape(report, (*path, "name"), credential.name, "a credential's name")
        if credential.flag and not _FLAG.fullmatch(credential.flag):
            proposal = "--" + re.sub(r"[^a-z0-9]+", "-", credential.flag.lower()).strip("-")
            report.error((*path, "flag"), "flag", f"`{credential.flag}` is no flag.", f"Use `{proposal}`.")
        flag = credential.flag or f"--{credential.name.replace('_', '-')}"
        if flag in _OWN_FLAGS:
            where = (*path, "flag" if credential.flag else "name")
            hint = f"Use another `flag:`, such as `--{connector.name.replace('_', '-')}-{flag[2:]}`."
            report.error(where, "flag", f"`{flag}` is an option of `dinobase add` itself.", hint)
        if credential.env and not _ENV.fullmatch(credential.env):
            proposal = re.sub(r"[^A-Z0-9]+", "_", credential.env.upper()).strip("_")
            report.error((*path, "env"), "env", f"`{credential.env}` is no environment variable.", f"Use `{proposal}`.")
        if credential.secret and credential.default:
            hint = "Set `secret: false`, or remove `default`."
            report.warn((*path, "default"), "secret_default", f"the secret `{credential.name}` has a default.", hint)
        for field, value in (("name", credential.name), ("flag", credential.flag), ("env", credential.env)):
            if value:
                _once(report, (*path, field), seen[field], value, (*path, field))
                seen[field].setdefault(value, index)


def write_names(report: Report, connector: Connector) -> None:
    """Refuse write endpoints' names that are faulty or there twice."""
    seen: dict[str, int] = {}
    for index, write in enumerate(connector.write_endpoints):
        if write.name:
            path: Path = ("write_endpoints", index, "name")
            _shape(report, path, write.name, "a write endpoint's name")
            _once(report, path, seen, write.name, path)
            seen.setdefault(write.name, index)


def snake(name: str) -> str:
    """Return the nearest snake_case name."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    text = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_") or "x"
    return f"n_{text}" if text[0].isdigit() else text


def _shape(report: Report, path: Path, name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        hint = f"Use `{snake(name)}`: a-z, then a-z, 0-9 and _."
        report.error(path, "name", f"`{name}` cannot be {what}.", hint)


def _once(report: Report, path: Path, seen: dict[str, int], name: str, place: Path) -> None:
    if name in seen:
        first = report.document.place((place[0], seen[name], *place[2:])).line
        message = f"`{report.at(path)}` is `{name}` again; it is in line {first} already."
        report.error(path, "duplicate_name", message, "Rename one of the two.")


CHECKS = (connector_name, resource_names, credential_names, write_names)
