"""What a value is by its form alone: checksums where there are any. Pure; `may_be` is for where a name says more."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[\w.+%'&/=~-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"\d[\d -]{11,21}\d")
_CARD_HEAD = re.compile(r"3[47]|3[068]|4|5[1-5]|6|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)")
_DIALLED = re.compile(r"(?:\+|00)[1-9][\d ()./-]{6,20}\d")
_WRITTEN = re.compile(r"\(0?[1-9]\d{1,4}\)[ -]?\d{2,4}[ -]?\d{2,5}(?:[ -]\d{2,4})?|[2-9]\d{2}[-. ][2-9]\d{2}[-. ]\d{4}")
_LOCAL = re.compile(r"[+(]?\d[\d ()./-]{5,20}\d")
_SECRET = re.compile(
    r"(?:sk|rk|pk)_(?:live|test)_\w{10,}|whsec_\w{10,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{15,}|"
    r"xox[abprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*|"
    r"\$2[abxy]?\$\d\d\$.{50,}|\$argon2(?:id|i|d)\$.+|\{S?SHA\}.+|-----BEGIN [A-Z ]*PRIVATE KEY-----.*|"
    r"SG\.[\w-]{16,}\..+",
    re.DOTALL,
)
_RANDOM = re.compile(r"[A-Za-z0-9_+/=.$-]{16,}")
_NUMBERED = re.compile(
    r"\d+[a-z]?,? (?:[\w.'-]+ ){0,4}(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|way|boulevard|blvd|court|ct|place|"
    r"pl|square|terrace|highway|hwy|parkway|close|crescent)\.?(?:[ ,].*)?|"
    r"\d+(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|all[ée]e|route|quai|impasse) .+|"
    r".*(?:stra(?:ß|ss)e|str\.|weg|allee|platz|gasse|gatan|vej|straat|laan) ?\d+ ?[a-z]?(?:[ ,/].*)?|"
    r"(?:via|viale|piazza|corso|calle|avenida|av\.|plaza|paseo|rua|travessa|ul\.|al\.|rue|c/) .+\d+.*",
    re.IGNORECASE,
)
_PERSON = re.compile(r"[^\W\d_][\w.'\u2019-]*(?: [^\W\d_][\w.'\u2019-]*){1,3}")
_FIRM = re.compile(
    r"(?:^|[ ,])(?:inc|llc|ltd|limited|gmbh|ag|corp|co|company|sa|s\.a|sas|sarl|bv|nv|ab|oy|as|plc|kg|group|holdings?|"
    r"partners|labs|systems|solutions|services|university|bank|team|department)\.?$",
    re.IGNORECASE,
)


def is_email(text: str) -> bool:
    """Tell whether it is one address and nothing else."""
    return "@" in text and bool(_EMAIL.fullmatch(text))


def is_card(text: str) -> bool:
    """Tell whether it is a card number: the networks' first digits, the checksum."""
    if not _CARD.fullmatch(text):
        return False
    digits = re.sub(r"[ -]", "", text)
    return 13 <= len(digits) <= 19 and bool(_CARD_HEAD.match(digits)) and luhn(digits)


def luhn(digits: str) -> bool:
    """Tell whether the last digit is the checksum of the others."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48 << (place & 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and digits.strip("0") != ""


def is_iban(text: str) -> bool:
    """Tell whether it is an account number: country, length, remainder 1 by 97."""
    plain = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(plain):
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def is_ip(text: str) -> bool:
    """Tell whether it is an address of the internet, in numbers."""
    parts = text.split(".")
    if len(parts) == 4:
        return all(p.isdecimal() and len(p) <= 3 and int(p) <= 255 and (p == "0" or p[0] != "0") for p in parts)
    if text.count(":") < 2:
        return False
    from ipaddress import ip_address  # where there are colons alone

    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def could_be_version(text: str) -> bool:
    """Tell whether an address could as well be a version: four small numbers."""
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdecimal() and int(part) < 100 for part in parts)


def is_social_security(text: str) -> bool:
    """Tell whether it is written as numbers of the United States' social security are, in ranges that are given out."""
    return bool(_SSN.fullmatch(text))


def is_phone(text: str) -> bool:
    """Tell whether it is a telephone number and can be nothing else: with a country's code, or in brackets."""
    return bool(_DIALLED.fullmatch(text) or _WRITTEN.fullmatch(text)) and 8 <= sum(c.isdecimal() for c in text) <= 17


def may_be_phone(text: str) -> bool:
    """Tell whether it could be dialled, where the column's name says that it is meant to be."""
    return bool(_LOCAL.fullmatch(text)) and 6 <= sum(c.isdecimal() for c in text) <= 16


def is_secret(text: str) -> bool:
    """Tell whether it begins as a vendor's key does, or is a password's hash."""
    return bool(_SECRET.fullmatch(text))


def may_be_secret(text: str) -> bool:
    """Tell whether it is long and without a blank, where the column's name says what it is."""
    return bool(_RANDOM.fullmatch(text)) or is_secret(text)


def is_street(text: str) -> bool:
    """Tell whether it is a street with a number."""
    return len(text) < 120 and any(c.isdecimal() for c in text) and bool(_NUMBERED.fullmatch(text))


def may_be_address(text: str) -> bool:
    """Tell whether it has words and a number, where the column's name says what it is."""
    return " " in text and "@" not in text and "://" not in text and any(c.isdecimal() for c in text)


def is_full_name(text: str) -> bool:
    """Tell whether it is written as a person's full name is, each word with a capital."""
    words = text.split(" ")
    return (
        bool(_PERSON.fullmatch(text))
        and not _FIRM.search(text)
        and words[0][:1].isupper()
        and words[-1][:1].isupper()
        and not text.isupper()
    )


def is_firm(text: str) -> bool:
    """Tell whether it ends as firms do."""
    return bool(_FIRM.search(text))
