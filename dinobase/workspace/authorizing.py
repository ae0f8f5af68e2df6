"""`auth`: a person allows the access in a browser; the code comes back to this machine, or is pasted.

The question carries a state that only its own answer repeats, and the code is worth nothing without the verifier that
never leaves this process (PKCE). Neither code nor token is shown, logged or an argument of any program.
"""

from __future__ import annotations

import asyncio
import queue
import secrets as random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dinobase.core import clock, errors
from dinobase.core.secrets import redact, register
from dinobase.core.settings import Paths
from dinobase.core.values import Event
from dinobase.extract.consent import Consent
from dinobase.extract.session import Session
from dinobase.kinds.auth.base import Token
from dinobase.kinds.auth.consent import Answer, answer
from dinobase.kinds.auth.oauth2 import OAuth2
from dinobase.spec import compiled, config, credentials
from dinobase.spec.resolve import resolve
from dinobase.spec.vault import Vault
from dinobase.sync import registry
from dinobase.workspace import adding, consents, loopback, results

if TYPE_CHECKING:
    from dinobase.spec.models import Connector

_SHOWN = 300
_DENIED = "access_denied"

Answers = queue.Queue[tuple[str, Answer]]


@dataclass(frozen=True, slots=True)
class Person:
    """How whoever sits here is reached: `show` an address, `browse` it (False: no browser), `paste` a line of text.

    paste: returns "" at the end of input; None where nothing can be pasted. note: says something that is not data.
    """

    show: Callable[[str], None]
    note: Callable[[str], None]
    browse: Callable[[str], bool] | None = None
    paste: Callable[[], str] | None = None


def authorize(
    name: str, person: Person, *, redirect: str, timeout: float, check: bool, paths: Paths
) -> results.Authorized:
    """Ask for every access that the connector needs, keep the tokens, and prove them with one request."""
    connector = _resolved(name, paths)
    wanted = consents.needed(connector)
    if not wanted:
        raise errors.UsageError(
            f"`{name}` needs no authorization: its credentials are all that it takes",
            code="auth.none",
            hint=f"`dinobase add {name} --replace` gives it others; `dinobase doctor` checks what is there.",
            name=name,
        )
    answers: Answers = queue.Queue()
    if person.paste is not None:
        threading.Thread(target=_read, args=(person.paste, answers), daemon=True).start()
    scopes: list[str] = []
    expires: str | None = None
    renews = True
    for method, kind in wanted.items():
        token = _asked(name, connector, method, kind, person, answers, redirect, timeout, paths)
        scopes += token.scope.split() or kind.scopes
        expires = clock.iso(token.expires) if token.expires else None
        renews = renews and bool(token.refresh)
    Consent(paths.state, name).clear()
    seen = None
    if check and connector.type != "mcp":
        chosen = [resource.name for resource in connector.resources if resource.selected]
        seen = adding.prove(connector, name, chosen, paths, authorised=True)
    return results.Authorized(name, list(dict.fromkeys(scopes)), expires, renews, seen)


def _resolved(name: str, paths: Paths) -> Connector:
    entry = config.load_config(paths).connectors[name]
    if registry.is_python(entry.type, paths):
        raise errors.UsageError(
            f"`{name}` needs no authorization: it is no API", code="auth.none", hint="dinobase connectors", name=name
        )
    connector = compiled.load(registry.definition(entry.type, paths), paths)
    answers = credentials.recall(name, connector.credentials, Vault(paths), entry.params)
    return resolve(connector, credentials.values(connector.credentials, answers))


def _asked(
    name: str,
    connector: Connector,
    method: str,
    kind: OAuth2,
    person: Person,
    answers: Answers,
    redirect: str,
    timeout: float,
    paths: Paths,
) -> Token:
    """Ask once and trade the code for a token."""
    state, verifier = random.token_urlsafe(24), register(random.token_urlsafe(48))
    with _way_back(redirect, state, answers, person) as back:
        url = kind.authorization(back, state, verifier, kind.scopes)
        person.show(url)
        if person.browse is not None:
            threading.Thread(target=_browse, args=(person.browse, url, answers), daemon=True).start()
        given = _wait(name, answers, state, timeout, person, heard=loopback.is_loopback(redirect))
    code = register(given.code)

    async def trade() -> Token:
        session = Session(consents.signing(connector), name=name, state_dir=paths.make(paths.state), observe=_ignore)
        async with session:
            return await session.authorise(method, kind.exchange(code, back, verifier, session.now()))

    paths.make(paths.root)
    return asyncio.run(trade())


def _way_back(redirect: str, state: str, answers: Answers, person: Person) -> AbstractContextManager[str]:
    """Listen where the browser is sent to; what goes to an address elsewhere can be pasted alone."""
    if loopback.is_loopback(redirect):
        return loopback.listening(redirect, state, answers)
    if person.paste is None:
        raise errors.UsageError(
            f"The answer goes to {redirect}, and there is no terminal to paste it on",
            code="auth.redirect",
            hint="--no-browser reads it from the standard input.",
        )
    return nullcontext(redirect)


def _wait(name: str, answers: Answers, state: str, timeout: float, person: Person, *, heard: bool) -> Answer:
    """Return the answer with a code, from wherever it comes first."""
    until = clock.monotonic() + timeout
    again = f"dinobase auth {name}"
    while True:
        try:
            source, given = answers.get(timeout=max(0.0, until - clock.monotonic()))
        except queue.Empty:
            raise errors.DinobaseError(
                f"Nobody answered within {timeout:g} s", code="auth.timeout", hint=f"{again} --timeout 900"
            ) from None
        if source == "no browser":
            person.note("No browser could be opened: open the address above by hand.")
        elif source == "stray":
            person.note("An answer to another question came and was not used.")
        elif source == "unreadable":
            person.note("That is neither an address with a code in it nor a code; paste it once more.")
        elif source == "end":
            if not heard:
                raise errors.UsageError("No code was pasted", code="auth.unanswered", hint=again)
        elif not given.belongs_to(state):
            raise errors.DinobaseError(
                "What was pasted answers another question: its state is not this one's",
                code="auth.state",
                hint=f"{again}, and use the address that it shows then",
            )
        elif given.error:
            raise _not_allowed(name, given)
        else:
            return given


def _not_allowed(name: str, given: Answer) -> errors.DinobaseError:
    words = ": ".join(part for part in (given.error, given.description) if part)
    said = redact(words)[:_SHOWN]
    if given.error == _DENIED:
        return errors.DinobaseError(
            f"The access of `{name}` was not allowed: {said}",
            code="auth.denied",
            hint=f"dinobase auth {name} asks again",
        )
    return errors.DinobaseError(
        f"The server did not ask anybody: {said}",
        code="auth.answer",
        hint="Compare client id, scopes and redirect address with what the vendor has on the application.",
    )


def _read(paste: Callable[[], str], answers: Answers) -> None:
    while line := paste():
        text = line.strip()
        if text:
            found = answer(text)
            answers.put(("unreadable", Answer()) if found is None else ("pasted", found))
    answers.put(("end", Answer()))


def _browse(browse: Callable[[str], bool], url: str, answers: Answers) -> None:
    if not browse(url):
        answers.put(("no browser", Answer()))


def _ignore(_: Event) -> None:
    return
