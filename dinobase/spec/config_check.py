"""config.yaml -> Config, checked: unknown keys are refused with their line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from dinobase.core.errors import Problem, SpecError
from dinobase.kinds import duration, timing
from dinobase.spec import names
from dinobase.spec.config_models import Config, StorageConfig
from dinobase.spec.report import Path, Report
from dinobase.spec.salvage import salvage
from dinobase.spec.shapes import add_errors
from dinobase.spec.validation import model_of, validated
from dinobase.spec.yaml_lines import Document, parse

T = TypeVar("T")

_STORES = ("s3", "gs", "gcs", "az", "azure", "abfss", "r2")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A config is there only where there are no errors."""

    config: Config | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def checked(raw: bytes, path: FilePath) -> Config:
    """Return what the bytes mean, or raise SpecError."""
    loaded = validate_config(raw, str(path))
    if loaded.config is None:
        raise SpecError(str(path), loaded.errors, hint="Correct it; `dinobase doctor` checks it again.")
    return loaded.config


def validate_config(raw: bytes, file: str) -> LoadedConfig:
    """Return the settings, or what is wrong with them."""
    document, problems = parse(raw, file)
    if document is None:
        return LoadedConfig(None, tuple(problems), ())
    report = Report(document, errors=list(problems))
    config = _config(report, document)
    found = report.findings(problems)
    return LoadedConfig(None if found.errors else config, found.errors, found.warnings)


def _config(report: Report, document: Document) -> Config | None:
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        found = "a list" if isinstance(data, list) else "text"
        report.error((), "not_a_mapping", f"the file is {found}; keys and values are wanted.", "See `connectors:`.")
        return None
    data = _renamed(report, document, data)
    _no_empty_sections(data)
    config: Config | None
    try:
        config = validated(Config, data)
    except ValidationError as error:
        add_errors(report, model_of(Config), data, error.errors(include_url=False))
        config = salvage(Config, data, error)
    if config is not None:
        _check_all(report, config)
    return config


def _check_all(report: Report, config: Config) -> None:
    _check_durations(report, config)
    _check_storage(report, config.storage)
    _check_connectors(report, config)
    _check_access(report, config)


def _renamed(report: Report, document: Document, data: dict[str, object]) -> dict[str, object]:
    """Read `sources:` as `connectors:`, at its own lines."""
    if "sources" not in data:
        return data
    if "connectors" in data:
        hint = "Move its entries to `connectors:`."
        report.error(("sources",), "both_names", "`sources` and `connectors` mean the same.", hint, key=True)
        return {key: value for key, value in data.items() if key != "sources"}
    _alias(document.keys)
    _alias(document.values)
    _alias(document.sources)
    return {("connectors" if key == "sources" else key): value for key, value in data.items()}


def _alias(places: dict[Path, T]) -> None:
    for path in [p for p in places if p and p[0] == "sources"]:
        places["connectors", *path[1:]] = places[path]


def _no_empty_sections(data: dict[str, object]) -> None:
    """Take a section whose entries were all removed as not there."""
    for key in ("storage", "connectors", "sources", "writes", "access"):
        if key in data and data[key] is None:
            del data[key]


def _check_durations(report: Report, config: Config) -> None:
    found: list[tuple[Path, str]] = [
        (("retention",), config.retention),
        (("journal_retention",), config.journal_retention),
    ]
    for name, connector in config.connectors.items():
        if connector.sync_interval and not timing.allowed(connector.sync_interval):
            place: Path = ("connectors", name, "sync_interval")
            message = f"`{report.at(place)}` is `{connector.sync_interval}`."
            report.error(place, "duration", message, f"Allowed: {timing.ALLOWED}.")
        if connector.freshness != timing.NEVER:
            found.append((("connectors", name, "freshness"), connector.freshness))
    for path, text in found:
        if text and duration.seconds(text) is None:
            message = f"`{report.at(path)}` is `{text}`."
            report.error(path, "duration", message, f"Allowed: {duration.ALLOWED}.")


def _check_storage(report: Report, storage: StorageConfig) -> None:
    scheme = urlsplit(storage.url).scheme if "://" in storage.url else ""
    if storage.url and scheme not in _STORES and not (not scheme and FilePath(storage.url).is_absolute()):
        message = f"`storage.url` is `{storage.url}`."
        report.error(("storage", "url"), "storage", message, "Allowed: s3://, gs://, az:// or an absolute folder.")
    if not storage.catalog:
        return
    parts = urlsplit(storage.catalog)
    if parts.scheme not in {"postgresql", "postgres"}:
        message = f"`storage.catalog` begins with `{storage.catalog.split('://')[0][:20]}`."
        hint = "Allowed: postgresql://host/database; without the key SQLite files are used."
        report.error(("storage", "catalog"), "storage", message, hint)
    elif parts.password:
        hint = "Put it in ~/.pgpass or PGPASSWORD and remove it here."
        report.warn(("storage", "catalog"), "secret", "`storage.catalog` holds a password.", hint)


def _check_connectors(report: Report, config: Config) -> None:
    for name, connector in config.connectors.items():
        proposal = names.propose(name)
        if proposal != name:
            message = f"`{name}` cannot be a connector's name."
            report.error(("connectors", name), "name", message, f"`{proposal}` can.", key=True)
        for index, resource in enumerate(connector.resources):
            if not resource.removeprefix("+"):
                path = ("connectors", name, "resources", index)
                report.error(path, "name", f"`{report.at(path)}` is empty.", "Write a resource's name, or `+name`.")


def _check_access(report: Report, config: Config) -> None:
    for who, access in config.access.items():
        for index, column in enumerate(access.hide or ()):
            _check_column(report, ("access", who, "hide", index), column, key=False)
        for column in access.columns or ():
            _check_column(report, ("access", who, "columns", column), column, key=True)
        for table in access.rows or ():
            if table.count(".") != 1:
                message = f"`{table}` is no table."
                report.error(("access", who, "rows", table), "table_name", message, "Write connector.table.", key=True)


def _check_column(report: Report, path: Path, column: str, *, key: bool) -> None:
    if column.count(".") != 2:
        report.error(path, "column_name", f"`{column}` is no column.", "Write connector.table.column.", key=key)
