"""Changes to config.yaml: people's comments and order stay, one writer at a time, never half a file.

What a change would make is validated before it is written; an edit that would break the file leaves it as it was.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import filelock
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.tokens import CommentToken

from dinobase.core.clock import new_id
from dinobase.core.errors import RequestError
from dinobase.core.settings import Paths
from dinobase.spec import config_cache
from dinobase.spec.config import Config, ConnectorConfig, StorageConfig
from dinobase.spec.config_check import checked

Settings: TypeAlias = Any  # ruamel's round-trip mapping

_HEADER = "# Settings of this workspace; no secrets here. `dinobase doctor` checks it.\n"
_WAIT = 30.0


def create_config(paths: Paths, storage: StorageConfig | None = None) -> Config:
    """Make config.yaml with its storage; of a file that is there only the storage changes."""
    with _editing(paths) as settings:
        chosen = storage.model_dump(exclude_defaults=True) if storage else {}
        if chosen:
            settings["storage"] = CommentedMap(chosen)
        if "connectors" not in settings and "sources" not in settings:
            settings["connectors"] = _flow({})
    return _read(paths)


def put_connector(paths: Paths, name: str, connector: ConnectorConfig, *, replace: bool = False) -> Config:
    """Add a connector, or change one with `replace`."""
    with _editing(paths) as settings:
        section = _section(settings)
        if name in section and not replace:
            message = f"`{name}` is there already"
            raise RequestError(message, code="connector.exists", hint="Use `--replace`, or `--name` for another one.")
        entry = _flow(connector.model_dump(exclude_defaults=True))
        if section.fa.flow_style() and not section:
            section.fa.set_block_style()
        section[name] = entry
    return _read(paths)


def change_connector(paths: Paths, name: str, values: Mapping[str, Any]) -> Config:
    """Set keys of a connector that is there; an empty value takes the key away."""
    with _editing(paths) as settings:
        section = _section(settings)
        if name not in section:
            raise RequestError(f"`{name}` is not connected", code="unknown.connector", hint="dinobase connectors")
        for key, value in values.items():
            if value:
                section[name][key] = value
            else:
                section[name].pop(key, None)
    return _read(paths)


def drop_connector(paths: Paths, name: str) -> Config:
    """Remove a connector; one that is not there is no error."""
    with _editing(paths) as settings:
        section = _section(settings)
        if name in section:
            _delete(settings, section, name)
    return _read(paths)


def put_approval_key(paths: Paths, verifier: str) -> Config:
    """Keep the verifier of the passphrase that human approvals ask for; an empty one takes it away."""
    with _editing(paths) as settings:
        if verifier:
            settings["approval_key"] = verifier
        else:
            settings.pop("approval_key", None)
    return _read(paths)


def _section(settings: Settings) -> Settings:
    key = "sources" if "sources" in settings else "connectors"
    if settings.get(key) is None:
        settings[key] = CommentedMap()
    return settings[key]


def _delete(settings: Settings, section: Settings, name: str) -> None:
    """Remove an entry and keep the comment that stands below it, which belongs to what comes next."""
    below = _comment_below(section, name)
    keys = list(section)
    before = keys[keys.index(name) - 1] if keys.index(name) else None
    del section[name]
    section.ca.items.pop(name, None)
    if not section:
        section.fa.set_flow_style()
    if not below:
        return
    if before is not None:
        _append_comment(section, before, below)
    else:
        key = "sources" if "sources" in settings else "connectors"
        _append_comment(settings, key, below)


def _comment_below(section: Settings, name: str) -> str:
    """Return the lines after an entry's own end-of-line comment."""
    tokens = [token for slot in section.ca.items.get(name, ()) if slot for token in _tokens(slot)]
    entry = section[name]
    if isinstance(entry, CommentedMap):
        tokens += [t for slots in entry.ca.items.values() for slot in slots if slot for t in _tokens(slot)]
    text = "".join(token.value for token in tokens)
    _own, _, rest = text.partition("\n")
    return rest if rest.strip() else ""


def _append_comment(holder: Settings, key: str, text: str) -> None:
    slots = holder.ca.items.setdefault(key, [None, None, None, None])
    if slots[2] is None:
        slots[2] = CommentToken("\n" + text, start_mark=_Start(), end_mark=None)
    else:
        slots[2].value += text


class _Start:
    """Where ruamel puts a comment that had no line of its own."""

    column = 0


def _tokens(slot: Any) -> list[Any]:
    return slot if isinstance(slot, list) else [slot]


def _flow(data: dict[str, Any]) -> CommentedMap:
    """Write an entry on one line, as people do."""
    entry = CommentedMap(data)
    entry.fa.set_flow_style()
    return entry


@contextmanager
def _editing(paths: Paths) -> Iterator[Settings]:
    paths.make(paths.root)
    paths.make(paths.state)
    with filelock.FileLock(paths.state / "config.lock", timeout=_WAIT):
        raw = paths.config.read_bytes() if paths.config.exists() else b""
        if raw:
            checked(raw, paths.config)
        yaml = _yaml()
        settings = yaml.load(raw.decode("utf-8")) if raw.strip() else None
        if settings is None:
            settings = CommentedMap()
            raw = raw or _HEADER.encode()
            yield settings
            text = raw.decode("utf-8") + _dump(yaml, settings)
        else:
            yield settings
            text = _dump(yaml, settings)
        _write(paths.config, text)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dump(yaml: YAML, settings: Settings) -> str:
    out = io.StringIO()
    yaml.dump(settings, out)
    return out.getvalue()


def _write(target: Path, text: str) -> None:
    checked(text.encode(), target)
    draft = target.with_name(f".{new_id('config')}.tmp")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o600)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _read(paths: Paths) -> Config:
    raw = paths.config.read_bytes()
    config = checked(raw, paths.config)
    config_cache.store(paths, raw, config.model_dump())
    return config
