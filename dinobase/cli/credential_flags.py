"""Flags that only a connector's own file knows: it is found among the words first, then they are parsed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dinobase.core import secrets

if TYPE_CHECKING:
    from dinobase.cli.parse import Parser
    from dinobase.workspace.results import CredentialInfo

_SWITCHES = {"--copy": "copy"}  # no value follows
_REPEATED = {"--param", "--secret-param"}


def parse(parser: Parser, words: Sequence[str], own_values: Sequence[str]) -> argparse.Namespace:
    """Parse with the flags of the connector that is named; `given` holds what they gave, by credential name."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    kind = _kind(words, own_values, workspace.known())
    credentials = workspace.credentials_of(kind) if kind is not None else []
    flags = _add(parser, kind, credentials) if kind is not None else {}
    secret = {credential.name for credential in credentials if credential.secret}
    for position, word in enumerate(words):  # before anything can fail and repeat it
        flag, equals, value = word.partition("=")
        if flags.get(flag) in secret:
            secrets.register(value if equals else (words[position + 1] if position + 1 < len(words) else ""))
    args = parser.parse(words)
    found = {n: value for n in flags.values() if (value := getattr(args, f"credential {n}")) is not None}
    args.given = {n: "\n".join(value) if isinstance(value, list) else value for n, value in found.items()}
    return args


def _add(parser: Parser, kind: str, credentials: Sequence[CredentialInfo]) -> Mapping[str, str]:
    """Where a flag is taken by the command itself, the connector's name goes before it."""
    if not credentials:
        return {}
    group = parser.add_argument_group(f"credentials of {kind}")
    taken = set(parser.flags())
    flags: dict[str, str] = {}
    for credential in credentials:
        flag = credential.flag if credential.flag not in taken else f"--{kind}-{credential.name}".replace("_", "-")
        taken.add(flag)
        flags[flag] = credential.name
        dest, about = f"credential {credential.name}", _help(credential)
        if flag in _SWITCHES:
            group.add_argument(flag, dest=dest, action="store_const", const=_SWITCHES[flag], help=about)
        elif flag in _REPEATED:
            group.add_argument(flag, dest=dest, metavar="K=V", action="append", help=about)
        else:
            group.add_argument(flag, dest=dest, metavar="VALUE", help=about)
    return flags


def _kind(words: Sequence[str], own_values: Sequence[str], known: Sequence[str]) -> str | None:
    """Find NAME: the first word that is a known one, as the value of a credential's flag may come before it."""
    candidates = []
    before = ""
    for word in words:
        if not word.startswith("-") and before not in own_values:
            if word in known:
                return word
            if not (before.startswith("--") and "=" not in before):
                candidates.append(word)
        before = word
    return candidates[0] if candidates else None


def _help(credential: CredentialInfo) -> str:
    text = (credential.prompt or credential.help or credential.name).rstrip(":.")
    more = [f"else ${credential.env}"] if credential.env else []
    if not credential.required:
        more.append("optional")
    return (f"{text} ({', '.join(more)})" if more else text).replace("%", "%%")
