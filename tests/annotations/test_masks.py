"""A person's word about personal data counts before the file's, in what queries, writes and searches show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinobase.access.pii import declared, of_column, over
from dinobase.core.errors import DinobaseError
from dinobase.spec.models import Connector
from dinobase.spec.validation import validated
from dinobase.workspace import Workspace
from tests.annotations.conftest import SHOP, Say, values

EMAILS = "SELECT email FROM shop.customers ORDER BY id"
NAMES = "SELECT name FROM shop.customers ORDER BY id"


def test_a_person_takes_a_mask_away_and_brings_it_back(workspace: Workspace, say: Say) -> None:
    assert values(workspace, EMAILS, "bot") == ["***", "***"]
    say("shop.customers.email", "pii", "none")
    assert values(workspace, EMAILS, "bot") == ["ada@x.example", "bob@x.example"]
    assert values(workspace, "SELECT _customers_email FROM shop.notes", "bot") == ["ada@x.example"]
    say("shop.customers.email", "pii")
    assert values(workspace, EMAILS, "bot") == ["***", "***"]
    assert values(workspace, "SELECT _customers_email FROM shop.notes", "bot") == ["***"]


@pytest.mark.parametrize("origin", ["person", "agent", "model", "heuristic"])
def test_whoever_says_that_a_column_is_personal_masks_it(workspace: Workspace, say: Say, origin: str) -> None:
    assert values(workspace, NAMES, "bot") == ["Ada", "Bob"]
    say("shop.customers.name", "pii", "name", origin=origin)
    assert values(workspace, NAMES, "bot") == ["***", "***"]
    assert values(workspace, NAMES) == ["Ada", "Bob"]


@pytest.mark.parametrize("origin", ["agent", "model", "heuristic"])
def test_nobody_but_a_person_takes_a_mask_away(workspace: Workspace, say: Say, origin: str) -> None:
    say("shop.customers.name", "pii", "name", origin="heuristic")
    for target, value in (("shop.customers.email", "none"), ("shop.customers.name", None)):
        with pytest.raises(DinobaseError) as caught:
            say(target, "pii", value, origin=origin)
        assert caught.value.error_code == "annotation.person"
    assert values(workspace, NAMES, "bot") == ["***", "***"]
    assert values(workspace, EMAILS, "bot") == ["***", "***"]


def test_a_place_inside_json_is_masked_and_shown_by_a_word(workspace: Workspace, say: Say) -> None:
    city = "SELECT profile->>'city' FROM shop.customers WHERE id = 1"
    tags = "SELECT profile->>'tags' FROM shop.customers WHERE id = 1"
    assert (values(workspace, city, "bot"), values(workspace, tags, "bot")) == (["***"], ['["a"]'])
    say("shop.customers.profile.city", "pii", "none")
    say("shop.customers.profile.tags", "pii", "secret")
    assert (values(workspace, city, "bot"), values(workspace, tags, "bot")) == (["Bern"], ["***"])


def test_values_of_a_column_that_was_called_personal_are_not_searched(workspace: Workspace, say: Say) -> None:
    assert [t.table for t in workspace.search("paid").tables] == ["shop.orders"]
    say("shop.orders.state", "pii", "secret", origin="agent")
    assert workspace.search("paid").tables == []


def test_a_write_may_not_read_what_was_called_personal(workspace: Workspace, say: Say) -> None:
    sql = (
        "UPDATE shop.orders SET state = c.name FROM shop.customers c WHERE c.id = orders.customer_id AND orders.id = 1"
    )
    assert workspace.write(sql, identity="bot")["status"] == "pending_confirmation"
    say("shop.customers.name", "pii", "name")
    with pytest.raises(DinobaseError) as caught:
        workspace.write(sql, identity="bot")
    assert caught.value.error_code == "write.masked"


KINDS = st.sampled_from(["email", "name", ""])
COLUMNS = st.sampled_from(["email", "name", "balance", "profile", "profile.city"])


@given(st.dictionaries(COLUMNS, KINDS))
def test_what_was_said_of_a_column_is_what_counts_and_the_rest_stays_as_the_file_has_it(said: dict[str, str]) -> None:
    known = declared(validated(Connector, SHOP))
    both = over(known, {"customers": said})
    for column in ("email", "name", "balance"):
        before = of_column(known["customers"], column, [column])
        found = of_column(both["customers"], column, [column])
        assert found.whole == (said[column] or None if column in said else before.whole)
    child = of_column(both["notes"], "_customers_email", ["_customers_email"]).whole
    assert child == (said["email"] or None if "email" in said else "email")
