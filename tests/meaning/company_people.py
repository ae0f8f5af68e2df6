"""Whom the generated company deals with: accounts, the people there, leads, its own staff."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from pathlib import Path

_TEXT = (Path(__file__).parent / "company_tables" / "words.txt").read_text(encoding="utf-8")
LISTS = {name: rest.split(",") for name, _, rest in (line.partition(": ") for line in _TEXT.splitlines())}


@dataclass(frozen=True, slots=True)
class Account:
    """A firm."""

    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Person:
    """A human being; `phone` is in E.164."""

    first: str
    last: str
    email: str
    phone: str
    street: str
    zip: str
    city: str
    domain: str

    @property
    def full(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody; people, leads and staff have no e-mail in common."""

    accounts: list[Account]
    people: list[Person]
    leads: list[Person]
    staff: list[Person]


def population(rng: random.Random, words: str) -> Population:
    """Return the company's people and firms."""
    accounts = _accounts(rng, words, 140)
    people = _people(rng, words, 600, [one.domain for one in accounts], "p")
    leads = _people(rng, words, 200, ["mailbox.example", "post.example", "webmail.example"], "l")
    staff = _people(rng, words, 150, ["ourfirm.example"], "s")
    return Population(accounts, people, leads, staff)


def _accounts(rng: random.Random, words: str, count: int) -> list[Account]:
    names: dict[str, Account] = {}
    while len(names) < count:
        first, trade = rng.choice(LISTS[f"{words}firm"]), rng.choice(LISTS["trade"])
        domain = f"{first}{trade}.{rng.choice(['com', 'io', 'de', 'co.uk', 'net'])}".lower()
        names.setdefault(f"{first}{trade}", Account(f"{first} {trade} {rng.choice(LISTS['suffix'])}".strip(), domain))
    return list(names.values())


def _people(rng: random.Random, words: str, count: int, domains: list[str], mark: str) -> list[Person]:
    found: dict[str, Person] = {}
    phones: set[str] = set()
    while len(found) < count:
        first, last = rng.choice(LISTS[f"{words}first"]), rng.choice(LISTS[f"{words}last"])
        domain = rng.choice(domains)
        local = rng.choice([f"{first}.{last}", f"{first[0]}{last}", f"{first}", f"{first}_{last}"])
        email = f"{_plain(local)}@{domain}".lower()
        if email in found:
            email = f"{_plain(local)}{mark}{len(found)}@{domain}".lower()
        phone = _phone(rng)
        while phone in phones:
            phone = _phone(rng)
        phones.add(phone)
        number = rng.randint(1, 240)
        street = f"{number} {rng.choice(LISTS['streets'])} {rng.choice(LISTS['street'])}"
        if rng.random() < 0.4:
            street = f"{rng.choice(LISTS['streets_abroad'])} {number}"
        postcode = f"{rng.randint(10000, 99999)}"
        found[email] = Person(first, last, email, phone, street, postcode, rng.choice(LISTS["cities"]), domain)
    return list(found.values())


def _phone(rng: random.Random) -> str:
    country, digits = rng.choice([("1", 10), ("49", 10), ("44", 10), ("33", 9), ("34", 9)])
    lead = {"1": "2345678", "49": "1", "44": "7", "33": "67", "34": "6"}[country]
    rest = "".join(str(rng.randint(0, 9)) for _ in range(digits - 1))
    if country == "1":
        area = f"{rng.choice(lead)}{rng.randint(1, 9)}{rng.randint(2, 9)}"
        rest = f"{area}{rng.randint(2, 9)}{''.join(str(rng.randint(0, 9)) for _ in range(6))}"
        return f"+1{rest}"
    return f"+{country}{rng.choice(lead)}{rest}"


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isascii() and c not in " '")
