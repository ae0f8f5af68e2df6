"""What names say of two columns: from 0, nothing, to 1, `orders.customer_id` and `customers.id`. Pure.

Words are compared in the singular. A reference is a column's name less its ending (`_id`, `_key`, `_code`...); it names
the parent where it is the parent's table, or ends in it (`billing_customer_id`), or where the table's name ends in it
(`account_id` and `crm_accounts`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from dinobase.load.naming import snake

Words = tuple[str, ...]


def _many(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRONG, CLOSE, ROLE, SAME = 1.0, 0.85, 0.6, 0.8
_ENDS = _many("id ids key uuid guid gid pk fk ref reference code number no num nr by to sku slug handle")
_KEYS = _ENDS - {"by", "to"}
_COUNTERS = _many(
    "row line seq sequence position pos index idx rank sort order page version rev revision level step priority count "
    "total qty quantity amount score rating year month week day hour minute size weight age status state type kind "
    "street house zip postal phone tax vat error http"
)
_PREFIXES = _many("tbl dim fact stg src raw t f d vw")
_PEOPLE = _many(
    "user employee member staff person people contact agent worker admin colleague teammate driver lecturer teacher "
    "physician doctor nurse clinician practitioner advisor adviser consultant technician instructor professor officer "
    "personnel operator student"
)
_ROLES = _many(
    "owner assignee assigned creator created author updated modified updater editor manager agent rep reviewer "
    "approver approved requester requestor submitter submitted reporter reported sender recipient user member person "
    "contact lead closed opened supervisor handler responsible sales support salesperson driver teacher host actor "
    "changed deleted invited invitee inviter uploaded uploader signed signer organizer attendee mentor buyer"
)
_ACTORS = _many(  # who does something: without an ending too, as no moment and no state is called so
    "owner assignee creator author editor manager rep reviewer approver requester requestor submitter reporter sender "
    "recipient supervisor handler salesperson driver teacher organizer attendee mentor buyer advisor adviser "
    "prescriber physician doctor nurse surgeon examiner invigilator tutor lecturer instructor trainer borrower "
    "lender inspector technician mechanic cashier clerk dispatcher courier picker packer pilot captain "
    "moderator translator contributor maintainer committer commenter librarian therapist coach caretaker "
    "proctor dean warden chair chairman director secretary treasurer"
)
_DONE = _many("taught written lent sold made given sent built seen held led drawn paid bought met told found driven "
              "chosen taken shown known run read")  # fmt: skip
_OWN = _many("parent manager supervisor predecessor previous successor replaced reports original root referred "
                 "referrer supersedes duplicate merged boss mentor")  # fmt: skip
_ELSEWHERE = _many("external ext foreign remote upstream")
_PLAIN = _many("name title label value type kind status state slug symbol date day time position email phone url path")
_SPECIFIC = _many("sku isbn ean upc iban asin gtin vin imei mpn")
_SHORT = {"acct": "account", "cust": "customer", "emp": "employee", "dept": "department", "org": "organization",
          "prod": "product", "inv": "invoice", "txn": "transaction", "trx": "transaction", "whs": "warehouse",
          "wh": "warehouse", "usr": "user", "sub": "subscription", "cat": "category", "loc": "location",
          "addr": "address", "ord": "order", "opp": "opportunity", "proj": "project", "mgr": "manager",
          "supp": "supplier", "vend": "vendor", "ccy": "currency", "curr": "currency", "ctry": "country",
          "organisation": "organization", "centre": "center", "grp": "group", "cmp": "campaign", "camp": "campaign",
          "cntr": "center", "pmt": "payment", "shp": "shipment", "req": "request", "tkt": "ticket"}  # fmt: skip
_IRREGULAR = {"people": "person", "staff": "staff", "children": "child", "media": "media", "news": "news",
              "series": "series", "data": "data", "statuses": "status", "addresses": "address", "men": "man",
              "women": "woman", "indices": "index", "matrices": "matrix", "analyses": "analysis",
              "businesses": "business", "branches": "branch", "batches": "batch"}  # fmt: skip


@lru_cache(maxsize=65_536)
def words(name: str) -> Words:
    """Return a name's words, each in the singular and in full."""
    return tuple(_full(word) for word in re.split(r"_+", snake(name)) if word)


def _full(word: str) -> str:
    return _SHORT.get(word) or _SHORT.get(single := singular(word)) or single


def singular(word: str) -> str:
    """Return `company` for `companies`."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word.removesuffix("s")


@lru_cache(maxsize=65_536)
def reference(column: str) -> tuple[Words, bool]:
    """Return what a column's name refers to, and whether its ending says that it does."""
    found = words(column)
    end = len(found)
    while end > 1 and found[end - 1] in _ENDS:
        end -= 1
    return found[:end], end < len(found)


@lru_cache(maxsize=65_536)
def entity(table: str) -> Words:
    """Return what a table's rows are."""
    found = words(table)
    return found[1:] if len(found) > 1 and found[0] in _PREFIXES else found


def is_key(column: str, table: str) -> bool:
    """Say whether a name sounds like a key of its table's rows, rather than like a counter or a measure."""
    found = words(column)
    if found[-1] in _SPECIFIC:
        return True
    return found[-1] in _KEYS and not _COUNTERS.intersection(found[:-1]) - set(entity(table))


def evidence(child: tuple[str, str, str], parent: tuple[str, str, str], *, primary: bool = False) -> float:
    """Return what the names of two columns say; each is connector, table, column.

    primary: the parent's column is the key that its table declares, so that whatever names the table means it.
    """
    source, table, column = child
    other, parent_table, key = parent
    what, whole = entity(parent_table), words(column)
    stem, ends = reference(column)
    plain = primary or len(words(key)) == 1 or reference(key)[0] == what
    if source != other:
        if stem[0] in _ELSEWHERE and len(stem) == 1:
            return CLOSE if entity(table) == what and plain else 0.0
        if stem[0] in words(other):  # stripe_customer_id, or stripe_id of customers
            whole = whole[1:]
            stem = stem[1:] or entity(table)
            ends = ends or stem == what
        elif stem == entity(table):
            return 0.0  # a table's own key
    if not whole or stem[-1] in _KEYS:
        return 0.0  # `id` alone
    if source == other and table == parent_table:
        return CLOSE if ends and plain and stem[0] in _OWN else 0.0
    named = _named(stem, what) if plain and _refers(column, stem, whole, ends=ends) else 0.0
    acts = is_role(stem) or is_done(column) if ends else is_actor(column)
    role = ROLE if source == other and plain and acts and is_people(parent_table) else 0.0
    return max(named if ends else min(named, CLOSE), _same(whole, words(key), what, primary=primary), role)


def _refers(column: str, stem: Words, whole: Words, *, ends: bool) -> bool:
    """Say whether a name may mean one row: `customers` counts them, and `sort_order` is no order."""
    return ends or (whole == stem and not column.lower().endswith("s") and not _COUNTERS.intersection(stem))


def _same(whole: Words, key: Words, what: Words, *, primary: bool) -> float:
    if whole == (*what, *key):
        return STRONG
    specific = len(whole) > 1 or whole[-1] in _SPECIFIC or (primary and whole[-1] not in _PLAIN | _COUNTERS)
    if whole == key:
        return SAME if specific and not _COUNTERS.issuperset(whole[:-1] or ("-",)) else 0.0
    own = primary and len(key) == 1 and key[0] not in _PLAIN | _KEYS | _COUNTERS
    return SAME if own and whole[-1:] == key else 0.0


def _named(stem: Words, what: Words) -> float:
    if stem == what:
        return STRONG
    if stem[-len(what) :] == what:
        return CLOSE + 0.1
    return CLOSE if stem in (what[-len(stem) :], what[: len(stem)]) else 0.0


def is_people(table: str) -> bool:
    """Say whether a table's rows are people who do something: users, employees, agents."""
    return entity(table)[-1] in _PEOPLE


def is_elsewhere(word: str) -> bool:
    """Say whether a word speaks of another system, without naming it."""
    return word in _ELSEWHERE


def is_role(stem: Words) -> bool:
    """Say whether a reference names what somebody does: owner, assignee, created by."""
    return bool(stem) and stem[-1] in _ROLES | _ACTORS | _PEOPLE and bool((_ROLES | _ACTORS).intersection(stem))


def is_done(column: str) -> bool:
    """Say whether a name tells who did something, or got it: `signed_off_by`, `lent_to`; not `sort_by`, `due_by`."""
    found = words(column)
    return found[-1] in {"by", "to"} and any(word.endswith("ed") or word in _DONE for word in found[:-1])


def is_actor(column: str) -> bool:
    """Say whether a name without an ending means somebody: `second_reader`, but neither `created` nor `readers`."""
    return words(column)[-1] in _ACTORS and not column.lower().endswith("s")
