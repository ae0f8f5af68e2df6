"""Which kind of personal data a column holds, by name, type and values; where a doubt is left, none.

What a rule takes away by mistake, a person gets back with one word; so a mistake is rarer here than a miss.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dinobase.catalog import pii_formats as forms
from dinobase.catalog.given_names import COMMON

_TEXT = "VARCHAR"
_NUMBER = re.compile(r"U?(?:BIG|HUGE)INT\Z")
_EARLIEST, _MOST = 1900, 400
_NAMES: Mapping[str, re.Pattern[str]] = {
    "email": re.compile(r"(?:^|_)e?_?mails?(?:_address(?:es)?)?(?:_|\Z)"),
    "phone": re.compile(
        r"(?:^|_)(?:tele?)?phones?(?:_?(?:number|no|nr))?(?:_|\Z)|(?:^|_)(?:tel|telephone|mobile|cell|fax|msisdn|whatsapp|"
        r"caller|callee|ani|dialed)(?:_|\Z)|(?:mobile|cell|home|work)_?phone"
    ),
    "ip": re.compile(r"(?:^|_)(?:ip|ips|ipv4|ipv6|ip_?addr(?:ess)?|remote_addr(?:ess)?|last_ip)(?:_|\Z)"),
    "card": re.compile(r"(?:^|_)(?:pan|card_?(?:number|no)|credit_?card|cc_?(?:number|num))(?:_|\Z)"),
    "iban": re.compile(r"(?:^|_)iban(?:_|\Z)"),
    "national_id": re.compile(
        r"(?:^|_)(?:ssn|social_security(?:_(?:number|no))?|sin|nino|national_?(?:id|insurance)(?:_(?:number|no))?|passport"
        r"(?:_(?:number|no|id))?|personal_?(?:id|code)|citizen_id|cpf|curp|pesel|dni|nif|steuer_id|aadhaar|bsn|"
        r"drivers?_licen[cs]e(?:_(?:number|no))?)\Z"
    ),
    "birth_date": re.compile(r"(?:^|_)(?:birth_?date|birth_?day|date_of_birth|dob|born(?:_on|_at)?|day_of_birth)\Z"),
    "secret": re.compile(
        r"(?:^|_)(?:password|passwd|pwd|password_?(?:hash|digest)|passwd_hash|encrypted_password|secret|client_secret|api_?key|"
        r"api_?secret|access_?token|refresh_?token|auth_?token|bearer_?token|session_?token|id_token|token|private_?key|"
        r"signing_?(?:key|secret)|hmac_?key|webhook_secret|secret_?key|otp_secret)(?:_value)?\Z"
    ),
    "address": re.compile(
        r"(?:^|_)(?:street(?:_?(?:address|name|line_?\d))?|address(?:_?(?:line_?)?\d)?|addr(?:ess)?_?line_?\d?|line_?[12]|"
        r"(?:home|postal|mailing|billing|shipping|residential)_?address|home_street|ship_street)\Z"
    ),
    "name": re.compile(
        r"(?:^|_)(?:(?:first|last|given|family|middle|maiden|birth|full|sur|legal)_?(?:names?|nm)|[flm]names?|forenames?|"
        r"surnm)\Z"
    ),
}
_PEOPLE = (
    r"person|contact|customer|client|employee|patient|passenger|guest|visitor|recipient|holder|card_?holder|"
    r"account_?holder|owner|author|creator|committer|reporter|sender|requester|assignee|caller|buyer|candidate|applicant|"
    r"student|teacher|spouse|signer|attendee|participant|member|lead|agent|manager|requested_by|created_by|assigned_to|"
    r"ship_to|bill_to|shipping|billing|user|payee|payer|beneficiary|borrower|driver|tenant|landlord|resident|insured|"
    r"subscriber|claimant|physician|doctor|nurse|instructor|lecturer|advisor|supervisor|trainer|cardholder|consignee"
)
_MAY_BE_PEOPLE = re.compile(rf"(?:^|_)(?:name|display_?name|(?:{_PEOPLE})(?:_{{0,2}}(?:display_?|full_?)?names?)?)\Z")
_NO_PERSON = re.compile(
    r"(?:^|_)(?:product|item|file|plan|company|org|organi[sz]ation|team|group|event|city|country|brand|merchant|bank|"
    r"domain|host|table|column|channel|campaign|project|model|title|region|place|vendor|store|account)_{0,2}name\Z"
)
_NAMED_PERSON = re.compile(rf"(?:^|_)(?:{_PEOPLE})_{{0,2}}(?:display_?|full_?)?names?\Z")
_EMAIL = re.compile(r"(?:^|_)e?_?mail(?:_address)?\Z")
_NOT_SECRET = re.compile(
    r"(?:page|sync|next|continuation|cursor|csrf|push|device|public|idempotency|card|payment|tracking|delta|resume|"
    r"start|end|change|history)_?(?:token|key)"
)
_VERSIONS = re.compile(r"(?:^|_)(?:version|firmware|build|release|os|oid|driver)(?:_|\Z)")
_REFERENCES = re.compile(
    r"(?:^|_)(?:order|invoice|tracking|ticket|serial|reference|certificate|licen[cs]e|batch|sku)(?:_|\Z)"
)


def kind_of(name: str, type_: str, values: Sequence[Any], distinct: int) -> tuple[str, str] | None:
    """Return the kind and by what it was recognised; `values` are a sample without nulls."""
    lower = snake(name)
    named = next((kind for kind, pattern in _NAMES.items() if pattern.search(lower)), "")
    if type_.startswith(("DATE", "TIMESTAMP")):
        return _birth(lower, values)
    if type_ != _TEXT:
        return _number(lower, named, [str(value) for value in values]) if _NUMBER.match(type_) else None
    texts = [text for text in (str(v).strip() for v in values[:_MOST]) if text]
    if not texts:
        return _unseen(lower, named)
    return _by_form(lower, named, texts) or _by_name(lower, named, texts, distinct / max(len(values), 1))


def snake(name: str) -> str:
    """Return a name in small letters with its words apart: `firstName` as `first_name`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").replace(" ", "_")


def _number(lower: str, named: str, digits: Sequence[str]) -> tuple[str, str] | None:
    if named == "phone" and _share(digits, forms.may_be_phone) >= 0.9:
        return "phone", "its name, and numbers that could be dialled"
    if len(digits) >= 5 and not _REFERENCES.search(lower) and _share(digits, forms.is_card) >= 0.95:
        return "card", _seen(digits, "pass the checksum of cards")
    return None


def _birth(lower: str, values: Sequence[Any]) -> tuple[str, str] | None:
    if not _NAMES["birth_date"].search(lower):
        return None
    years = [int(str(v)[:4]) for v in values if str(v)[:4].isdecimal()]
    if years and min(years) < _EARLIEST:
        return None
    return "birth_date", "its name, and that it is a date"


def _unseen(lower: str, named: str) -> tuple[str, str] | None:
    """Tell of a column without values what its name leaves no doubt of: it may be filled by the next sync."""
    if (named in {"iban", "national_id", "secret"} or _EMAIL.search(lower)) and not _NOT_SECRET.search(lower):
        return named, "its name"
    return None


def _by_form(lower: str, named: str, texts: Sequence[str]) -> tuple[str, str] | None:
    """Return what the values are by their form alone."""
    if _share(texts, forms.is_email) >= 0.6:
        return "email", _seen(texts, "are e-mail addresses")
    if _share(texts, forms.is_ip) >= 0.95 and not _VERSIONS.search(lower):
        sure = named == "ip" or _share(texts, forms.could_be_version) < 0.3
        return ("ip", _seen(texts, "are addresses of the internet")) if sure else None
    enough = len(texts) >= (20 if named != "national_id" else 1)
    refers = bool(_REFERENCES.search(lower))
    rules: Sequence[tuple[str, bool, Callable[[str], bool], float, str]] = (
        ("iban", True, forms.is_iban, 0.9, "pass the checksum of IBANs"),
        ("card", not refers and (len(texts) >= 5 or named == "card"), forms.is_card, 0.9, "pass the checksum of cards"),
        ("secret", True, forms.is_secret, 0.8, "begin as keys do, or are hashes of passwords"),
        (
            "national_id",
            not refers and enough,
            forms.is_social_security,
            0.999,
            "are written as social security numbers",
        ),
        ("phone", True, forms.is_phone, 0.7, "are telephone numbers"),
    )
    for kind, possible, rule, needed, seen in rules:
        if possible and _share(texts, rule) >= needed:
            return kind, _seen(texts, seen)
    return None


def _by_name(lower: str, named: str, texts: Sequence[str], variety: float) -> tuple[str, str] | None:
    """Return what the name says, where the values bear it out."""
    rules: Mapping[str, tuple[Callable[[str], bool], float, str]] = {
        "phone": (forms.may_be_phone, 0.8, "could be dialled"),
        "secret": (forms.may_be_secret, 0.9, "are long and without a blank"),
        "address": (forms.may_be_address, 0.6, "have words and a number"),
        "national_id": (lambda text: any(c.isdecimal() for c in text) and len(text) < 25, 0.9, "hold digits"),
        "birth_date": (lambda text: bool(re.fullmatch(r"\d{1,4}[-./]\d\d?[-./]\d{1,4}.*", text)), 0.9, "are dates"),
        "name": (_is_name, 0.8, "are written as names are"),
    }
    if named in rules and not (named == "secret" and _NOT_SECRET.search(lower)):
        rule, needed, seen = rules[named]
        if _share(texts, rule) >= needed and not (named == "name" and _NO_PERSON.search(lower)):
            return named, f"its name, and {_seen(texts, seen)}"
    if _share(texts, forms.is_street) >= 0.7:
        return "address", _seen(texts, "are streets with a number")
    return _people(lower, texts, variety)


def _people(lower: str, texts: Sequence[str], variety: float) -> tuple[str, str] | None:
    """Tell full names by how they are written and by given names among them; more must be known ones without a name."""
    if _NO_PERSON.search(lower) or variety < 0.2 or len(texts) < 3:
        return None
    written = _share(texts, forms.is_full_name)
    given = _share(texts, lambda text: text.split(" ", 1)[0].casefold() in COMMON)
    needed = 0.1 if _NAMED_PERSON.search(lower) else 0.25 if _MAY_BE_PEOPLE.search(lower) else 0.45
    if written >= 0.9 and given >= needed:
        return "name", f"{_seen(texts, 'are written as full names are')}, {given:.0%} with a given name that is known"
    return None


def _is_name(text: str) -> bool:
    return len(text) < 60 and not any(c.isdecimal() or c in "@/_{}<>" for c in text) and not forms.is_firm(text)


def _share(texts: Sequence[str], rule: Callable[[str], bool]) -> float:
    return sum(map(rule, texts)) / len(texts) if texts else 0.0


def _seen(values: Sequence[Any], what: str) -> str:
    count = len(values)
    return f"{count} value{'' if count == 1 else 's'} looked at: they {what}"
