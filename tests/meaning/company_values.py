"""Values of the generated company, column by column: what a kind of the tables' texts looks like."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.meaning.company_people import LISTS, Person

Values = tuple[str, list[Any]]  # DuckDB's type, one value a row
START, END = 1_580_000_000, 1_780_000_000
WORDS = LISTS["words"]
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0", "curl/8.4.0", "okhttp/4.12.0",
           "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) Version/17.1")  # fmt: skip


def token(rng: random.Random, length: int, alphabet: str = _ALPHABET) -> str:
    """Return random letters and digits."""
    return "".join(rng.choice(alphabet) for _ in range(length))


def luhn(digits: str) -> bool:
    """Tell whether the last digit is the card checksum of the others."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card(rng: random.Random, locale: int) -> str:
    """Return a card number that passes the checksum."""
    head, length = rng.choice([("4", 16), ("51", 16), ("55", 16), ("34", 15), ("37", 15)])
    body = head + token(rng, length - 1 - len(head), "0123456789")
    whole = next(body + str(last) for last in range(10) if luhn(body + str(last)))
    return " ".join(whole[at : at + 4] for at in range(0, 16, 4)) if locale and length == 16 else whole


def iban(rng: random.Random) -> str:
    """Return an account number that passes the checksum."""
    country, length = rng.choice([("DE", 18), ("FR", 23), ("ES", 20), ("AT", 16), ("PL", 24)])
    rest = token(rng, length, "0123456789")
    turned = "".join(str(int(c, 36)) for c in f"{rest}{country}00")
    return f"{country}{98 - int(turned) % 97:02d}{rest}"


def phone(rng: random.Random, e164: str, how: str) -> Any:
    """Write a number down in one of several ways."""
    country = next(c for c in ("+49", "+44", "+33", "+34", "+1") if e164.startswith(c))
    rest = e164[len(country) :]
    if how == "mobileint":
        return int(f"1{rng.choice('567')}{rest[-8:]}")
    if how == "national":
        trunk = "" if country == "+1" else "0"
        return f"({rest[:3]}) {rest[3:6]}-{rest[6:]}" if country == "+1" else f"{trunk}{rest[:3]} {rest[3:]}"
    if how == "mixed":
        spaced = f"{country} {rest[:3]} {rest[3:6]} {rest[6:]}"
        return rng.choice(
            [e164, spaced, spaced.replace(" ", "-"), f"00{e164[1:]}", f"{country} ({rest[:3]}) {rest[3:]}"]
        )
    return e164


def dirty(rng: random.Random, text: str) -> str:
    """Return a text as people type it."""
    return rng.choice([text, text, text.upper(), text.title(), f" {text}", f"{text} "])


def of_person(rng: random.Random, kind: str, arg: str, locale: int, person: Person) -> Any:
    """Return what a column says of a person."""
    if kind == "phone":
        return phone(rng, person.phone, arg)
    if kind == "email":
        return dirty(rng, person.email) if arg == "dirty" else person.email
    if kind == "login":
        return f"{person.first.lower()[:3]}{person.last.lower()[:5]}{rng.randint(1, 99)}"
    if kind == "contact":
        return person.email if rng.random() < 0.7 else person.phone
    if kind == "birth":
        return (date(1950, 1, 1) + timedelta(days=rng.randint(0, 20_000))).isoformat()
    if kind == "ssn":
        return f"{rng.randint(101, 665)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"
    return str(getattr(person, kind))


PERSONAL = ("first", "last", "full", "email", "phone", "login", "contact", "street", "zip", "city", "birth", "ssn")


def _cents(rng: random.Random, arg: str) -> int:
    tail = rng.choice([0, 0, 99, 50, 95, 25, rng.randint(0, 99)])
    amount = int(rng.lognormvariate(4, 1.1)) * 100 + tail
    if arg == "round":
        return rng.choice([900, 1900, 2900, 4900, 9900, 19900, 49900, 1500, 7900])
    if arg == "small":
        return rng.randint(20, 4000)
    if arg == "zero":
        return amount if rng.random() < 0.15 else 0
    return amount * rng.choice([1, 1, -1]) if arg == "signed" else amount


def _units(rng: random.Random, arg: str) -> Any:
    if arg == "int":
        return rng.choice([rng.randint(2, 90) * 1000, rng.randint(20, 900) * 100])
    if arg == "salary":
        return rng.randint(320, 1900) * 100 + rng.choice([0, 0, 50])
    if arg == "deal":
        return round(rng.lognormvariate(8, 1), 2)
    return round(rng.lognormvariate(4, 1), 2)


def _epoch(rng: random.Random, arg: str) -> Any:
    moment = rng.randint(START, END) + (30_000_000 if arg == "future" else 0)
    if arg == "float":
        return moment + rng.randint(0, 999) / 1000
    return moment * 1000 + rng.randint(0, 999) if arg == "ms" else moment


def _time(rng: random.Random, _: str) -> str:
    return datetime.fromtimestamp(rng.randint(START, END), UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _ip(rng: random.Random, _: str) -> str:
    if rng.random() < 0.15:
        return ":".join(["2a02", *(f"{rng.randint(1, 65535):x}" for _ in range(3))]) + "::" + f"{rng.randint(1, 99):x}"
    return f"{rng.choice([81, 93, 104, 178, 203])}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"


def _order16(rng: random.Random, _: str) -> int:
    """Return 16 digits as shops count, from the year on; they pass the card checksum as often as chance has it."""
    return int(f"20{rng.randint(20, 26)}{token(rng, 12, '0123456789')}")


def _secret(rng: random.Random, arg: str) -> str:
    if arg == "hex":
        return token(rng, 40, "0123456789abcdef")
    if arg == "bcrypt":
        return f"$2b$12${token(rng, 53)}"
    return f"{ {'sk': 'sk_live_', 'whsec': 'whsec_', 'pi': 'pi_'}[arg] }{token(rng, 24)}"


def _sentence(rng: random.Random, _: str) -> str:
    return " ".join(rng.sample(WORDS, rng.randint(2, 5))).capitalize()


def _text(rng: random.Random, _: str) -> str:
    return ". ".join(_sentence(rng, "") for _ in range(rng.randint(2, 6)))


def _counter(rng: random.Random, arg: str) -> int:
    return rng.randint(1_550_000_000, 1_790_000_000) if arg == "big" else int(rng.lognormvariate(5, 1.5))


def _range(rng: random.Random, arg: str) -> int:
    low, high = arg.rsplit("-", 1)
    return rng.randint(int(low), int(high))


def _date(rng: random.Random, _: str) -> str:
    return (date(2019, 1, 1) + timedelta(days=rng.randint(0, 2600))).isoformat()


Make = Callable[[random.Random, str], Any]
MAKERS: dict[str, tuple[str, Make]] = {
    "agent": ("VARCHAR", lambda r, _: r.choice(_AGENTS)),
    "bic": ("VARCHAR", lambda r, _: f"{token(r, 4, 'ABCDEFGHK')}DE{token(r, 2)}XXX".upper()),
    "bool": ("BOOLEAN", lambda r, _: r.random() < 0.4),
    "bytes": ("BIGINT", lambda r, a: _counter(r, a) * (1 if a else 900)),
    "cents": ("BIGINT", _cents),
    "code": ("VARCHAR", lambda r, a: token(r, int(a))),
    "color": ("VARCHAR", lambda r, _: f"#{token(r, 6, '0123456789abcdef')}"),
    "counter": ("BIGINT", _counter),
    "country": ("VARCHAR", lambda r, _: r.choice(LISTS["countries"][:9])),
    "crc": ("BIGINT", lambda r, _: r.randint(0, 2**32 - 1)),
    "currency": ("VARCHAR", lambda r, _: r.choice(LISTS["currencies"])),
    "date": ("DATE", _date),
    "datetext": ("VARCHAR", lambda r, _: r.choice(["2023-10-16", "2024-06-20", "2025-03-31"])),
    "digits": ("VARCHAR", lambda r, a: token(r, int(a), "0123456789")),
    "ean": ("VARCHAR", lambda r, _: f"40{token(r, 11, '0123456789')}"),
    "enumint": ("BIGINT", lambda r, a: int(r.choice(a.split(",")))),
    "epoch": ("BIGINT", _epoch),
    "filename": ("VARCHAR", lambda r, _: f"{r.choice(WORDS)}-{r.randint(1, 400)}.{r.choice(['pdf', 'csv', 'png'])}"),
    "holiday": ("VARCHAR", lambda r, _: r.choice(LISTS["holidays"])),
    "hostname": ("VARCHAR", lambda r, _: f"worker-{r.randint(1, 24)}.internal"),
    "iban": ("VARCHAR", lambda r, _: iban(r)),
    "ibanlike": ("VARCHAR", lambda r, _: f"DE{r.randint(10, 99)}{token(r, 18, '0123456789')}"),
    "int": ("BIGINT", _range),
    "ip": ("VARCHAR", _ip),
    "job": ("VARCHAR", lambda r, _: r.choice(LISTS["jobs"])),
    "locale": ("VARCHAR", lambda r, _: r.choice(LISTS["locales"])),
    "month": ("VARCHAR", lambda r, _: f"{r.randint(2022, 2026)}-{r.randint(1, 12):02d}"),
    "monthyear": ("VARCHAR", lambda r, _: f"{r.randint(1, 12):02d}/{r.randint(24, 32)}"),
    "order16": ("BIGINT", _order16),
    "product": ("VARCHAR", lambda r, _: f"{r.choice(LISTS['products'])}{r.choice(['', ' Pro', ' Mini'])}"),
    "rate": ("DOUBLE", lambda r, _: round(r.random(), 3)),
    "secret": ("VARCHAR", _secret),
    "sentence": ("VARCHAR", _sentence),
    "sha": ("VARCHAR", lambda r, _: token(r, 40, "0123456789abcdef")),
    "shout": ("VARCHAR", lambda r, _: f"{r.choice(WORDS)}{r.randint(1, 99)}".upper()),
    "slug": ("VARCHAR", lambda r, _: f"{r.choice(WORDS)}-{r.choice(WORDS)}"),
    "ssnlike": ("VARCHAR", lambda r, _: f"{r.randint(700, 999)}-{r.randint(10, 99)}-{r.randint(1000, 9999)}"),
    "text": ("VARCHAR", _text),
    "time": ("TIMESTAMPTZ", _time),
    "units": ("DOUBLE", _units),
    "url": ("VARCHAR", lambda r, _: f"https://files.example/{token(r, 10)}"),
    "vat": ("VARCHAR", lambda r, _: f"DE{token(r, 9, '0123456789')}"),
    "version": ("VARCHAR", lambda r, _: f"{r.randint(1, 14)}.{r.randint(0, 30)}.{r.randint(0, 9)}"),
    "version4": ("VARCHAR", lambda r, _: f"{r.randint(1, 4)}.{r.randint(0, 9)}.{r.randint(0, 9)}.{r.randint(0, 40)}"),
    "word": ("VARCHAR", lambda r, _: r.choice(WORDS).capitalize()),
}
_LISTS: dict[str, str] = {
    "country": "countries", "currency": "currencies", "locale": "locales", "place": "cities",
    "language": "languages", "countryname": "country_names",
}  # fmt: skip


def listed(kind: str, count: int) -> Values:
    """Return the first values of a list, each once."""
    found = LISTS[_LISTS[kind]][:count]
    assert len(found) == count, f"{kind} has fewer than {count}"
    return "VARCHAR", found


def key(rng: random.Random, arg: str, count: int) -> Values:
    """Return a primary key."""
    if arg.startswith("int"):
        first = int(arg.partition(":")[2] or 1)
        return "BIGINT", list(range(first, first + count))
    if arg in {"ticket", "epochlike", "snowflake", "digits"}:
        start, step = {"ticket": (48_000, 3), "epochlike": (1_612_000_000, 30), "digits": (10_000, 7),
                       "snowflake": (1_640_000_000_000, 90_000)}[arg]  # fmt: skip
        found = [start]
        while len(found) < count:
            found.append(found[-1] + rng.randint(1, step))
        return ("VARCHAR", [f"{n:06d}" for n in found]) if arg == "digits" else ("BIGINT", found)
    if arg == "big":
        return "BIGINT", sorted(rng.sample(range(360_000_000_000, 390_000_000_000), count))
    if arg == "num":
        return "VARCHAR", [str(n) for n in sorted(rng.sample(range(10_000_000, 999_000_000), count))]
    if arg == "uuid":
        return "VARCHAR", [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count)]
    if arg == "slug":
        return "VARCHAR", [f"{rng.choice(WORDS)}-{number}" for number in rng.sample(range(100), count)]
    if arg in _LISTS:
        return listed(arg, min(count, len(LISTS[_LISTS[arg]])))
    if arg.startswith("code"):
        return "VARCHAR", [token(rng, int(arg[4:] or 12)).upper() for _ in range(count)]
    return "VARCHAR", [f"{arg}{token(rng, 14)}" for _ in range(count)]
