"""Which value a credential has: at `add` flag, env, prompt, default; later override, then what `add` stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dinobase.core import errors, secrets, settings
from dinobase.spec.models import Credential
from dinobase.spec.vault import Vault, is_reference

Origin = Literal["flag", "env", "prompt", "default", "stored", "reference", "override"]
Ask = Callable[[Credential], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`stored` is what rests (a reference stays one), `value` what requests are made with."""

    credential: Credential
    stored: str
    value: str
    origin: Origin


def flag_of(credential: Credential) -> str:
    """Return the command line flag that gives this credential."""
    return credential.flag or f"--{credential.name.replace('_', '-')}"


def override_of(connector: str, credential: Credential) -> str:
    """Return the environment variable that wins over what is stored."""
    return f"DINOBASE_{re.sub(r'[^A-Za-z0-9]', '_', f'{connector}_{credential.name}').upper()}"


def gather(
    connector: str, credentials: Sequence[Credential], given: Mapping[str, str], ask: Ask | None
) -> dict[str, Answer]:
    """Answer every credential for `add`; `ask` is None where there is no terminal."""
    answers: dict[str, Answer] = {}
    missing: list[Credential] = []
    for credential in credentials:
        found = _first(credential, given, ask)
        if found is None:
            if credential.required:
                missing.append(credential)
            continue
        text, origin = found
        answers[credential.name] = _answer(connector, credential, text, origin)
    if missing:
        raise _missing(connector, missing)
    return answers


def recall(
    connector: str, credentials: Sequence[Credential], vault: Vault, params: Mapping[str, object]
) -> dict[str, Answer]:
    """Answer every credential for a later run; `params` are those of config.yaml."""
    stored = vault.get(connector)
    answers: dict[str, Answer] = {}
    missing: list[Credential] = []
    for credential in credentials:
        found = _kept(connector, credential, stored, params)
        if found is not None:
            answers[credential.name] = _answer(connector, credential, *found)
        elif credential.required:
            missing.append(credential)
    if missing:
        raise _missing(connector, missing, later=True)
    return answers


def _kept(
    connector: str, credential: Credential, stored: Mapping[str, str], params: Mapping[str, object]
) -> tuple[str, Origin] | None:
    override = settings.env(override_of(connector, credential))
    if override is not None:
        return override, "override"
    if credential.name in stored:
        return stored[credential.name], "stored"
    if not credential.secret and credential.name in params:
        value = params[credential.name]
        return ",".join(map(str, value)) if isinstance(value, list) else str(value), "stored"
    return None if credential.default is None else (credential.default, "default")


def values(credentials: Sequence[Credential], answers: Mapping[str, Answer]) -> dict[str, str]:
    """Return what templates are rendered with; an optional credential without a value is empty text."""
    return {c.name: answers[c.name].value if c.name in answers else "" for c in credentials}


def secret_items(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Return what the vault keeps; defaults are not kept, so that a connector's better default is used later."""
    return {n: a.stored for n, a in answers.items() if a.credential.secret and a.origin != "default"}


def plain_items(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Return what config.yaml keeps: the site's address, the account's number."""
    return {n: a.stored for n, a in answers.items() if not a.credential.secret and a.origin != "default"}


def _first(credential: Credential, given: Mapping[str, str], ask: Ask | None) -> tuple[str, Origin] | None:
    if credential.name in given:
        return given[credential.name], "flag"
    if credential.env and (value := settings.env(credential.env)):
        return value, "env"
    if ask is not None and (credential.required or credential.prompt):
        value = ask(credential)
        if value or (credential.default is None and not credential.required):
            return (value, "prompt") if value else None
    if credential.default is not None:
        return credential.default, "default"
    return None


def _answer(connector: str, credential: Credential, text: str, origin: Origin) -> Answer:
    value = text
    if is_reference(text):
        variable = text[2:-1]
        found = settings.env(variable)
        if found is None:
            raise errors.CredentialMissing(
                f"`{credential.name}` of `{connector}` refers to ${{{variable}}}, which is not set",
                hint=f"export {variable}=... and try again.",
                connector=connector,
                credential=credential.name,
                env=variable,
            )
        value = found
        origin = "reference"
    if credential.secret:
        secrets.register(value)
    return Answer(credential, text, value, origin)


def _missing(connector: str, missing: Sequence[Credential], *, later: bool = False) -> errors.CredentialMissing:
    def ways(credential: Credential) -> str:
        if later:
            return f"{credential.name} ({override_of(connector, credential)})"
        env = f" or {credential.env}" if credential.env else ""
        return f"{credential.name} ({flag_of(credential)}{env})"

    listed = ", ".join(ways(c) for c in missing)
    what = "A credential misses" if len(missing) == 1 else f"{len(missing)} credentials miss"
    first = missing[0]
    way = f"dinobase add {connector} --replace" if later else f"dinobase add {connector} {flag_of(first)} ..."
    helped = [f"{c.name}: {c.help}" for c in missing if c.help]
    return errors.CredentialMissing(
        f"{what} for `{connector}`: {listed}",
        hint=f"Run `{way}`. {' '.join(helped)}".strip(),
        connector=connector,
        missing=[
            {
                "name": c.name,
                "flag": flag_of(c),
                "env": override_of(connector, c) if later else c.env,
                "help": c.help,
            }
            for c in missing
        ],
    )
