from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dinobase.access import tokens
from dinobase.access.tokens import TokenBook
from dinobase.core.clock import now
from dinobase.core.errors import UnknownName, UsageError
from dinobase.lake.records import open_records


@pytest.fixture(params=["sqlite", "postgres"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> TokenBook:
    catalog = "" if request.param == "sqlite" else str(request.getfixturevalue("postgres"))
    found = TokenBook(tmp_path, catalog)
    with open_records(tmp_path, catalog) as records, records.changes():
        records.run("DELETE FROM tokens")
    return found


def test_a_token_is_its_names_identity(book: TokenBook) -> None:
    made = book.create("support-bot")
    assert made.token.startswith("dino_")
    assert len(made.token) >= 48
    assert book.identity(made.token) == "support-bot"
    assert book.create("other").token != made.token


def test_nothing_that_is_kept_holds_the_token(book: TokenBook, tmp_path: Path) -> None:
    secret = book.create("bot").token.removeprefix("dino_")
    assert secret not in repr(book.listed())
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", str.lower, lambda _: "", lambda _: "dino_"])
def test_what_is_almost_a_token_is_none(book: TokenBook, change: object) -> None:
    made = book.create("bot")
    assert callable(change)
    assert book.identity(change(made.token)) is None


def test_a_revoked_token_works_no_more_and_is_still_listed(book: TokenBook) -> None:
    made = book.create("bot")
    gone = book.revoke("bot")
    assert book.identity(made.token) is None
    assert [(t.name, t.status, t.revoked_at) for t in book.listed().tokens] == [("bot", "revoked", gone.revoked_at)]
    assert book.revoke("bot") == gone


def test_a_token_ends_when_it_was_told(book: TokenBook, monkeypatch: pytest.MonkeyPatch) -> None:
    made = book.create("bot", expires="2h")
    start = now()
    monkeypatch.setattr(tokens, "now", lambda: start + timedelta(hours=1, minutes=59))
    assert book.identity(made.token) == "bot"
    monkeypatch.setattr(tokens, "now", lambda: start + timedelta(hours=2, minutes=1))
    assert book.identity(made.token) is None
    assert book.listed().tokens[0].status == "expired"


def test_a_name_is_taken_while_its_token_works_and_free_afterwards(book: TokenBook) -> None:
    old = book.create("bot")
    with pytest.raises(UsageError, match="already"):
        book.create("bot")
    book.revoke("bot")
    new = book.create("bot")
    assert (book.identity(old.token), book.identity(new.token)) == (None, "bot")
    assert len(book.listed().tokens) == 1


@pytest.mark.parametrize("name", ["cli", "mcp", "default", "", "Bot", "a b", "-x", "a" * 65, "a\n"])
def test_names_that_mean_something_else_are_refused(book: TokenBook, name: str) -> None:
    with pytest.raises(UsageError) as failed:
        book.create(name)
    assert failed.value.error_code == "token.name"


@pytest.mark.parametrize("span", ["0d", "30", "-1d", "soon"])
def test_a_span_that_is_none_is_refused(book: TokenBook, span: str) -> None:
    with pytest.raises(UsageError, match="--expires takes a span"):
        book.create("bot", expires=span)


def test_an_unknown_token_names_the_nearest(book: TokenBook) -> None:
    book.create("support-bot")
    with pytest.raises(UnknownName) as failed:
        book.revoke("support-bt")
    assert failed.value.hint == "Did you mean support-bot?"


def test_a_workspace_that_never_had_one_has_none(tmp_path: Path) -> None:
    book = TokenBook(tmp_path, "")
    assert book.listed().tokens == []
    assert book.identity("dino_x") is None
    assert list(tmp_path.iterdir()) == []


def test_the_stamp_differs_after_every_change(tmp_path: Path) -> None:
    book = TokenBook(tmp_path, "")
    stamps = [book.stamp()]
    book.create("a")
    stamps.append(book.stamp())
    book.revoke("a")
    stamps.append(book.stamp())
    assert len(set(stamps)) == 3
