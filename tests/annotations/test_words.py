from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dinobase.catalog.annotations import Book
from dinobase.catalog.brief import describe_text
from dinobase.core.errors import DinobaseError
from dinobase.workspace import Workspace
from tests.annotations.conftest import Say, column, described, make, speaker

EMAIL = "shop.customers.email"


def test_a_higher_origin_wins_and_the_next_counts_again_when_it_is_taken_back(workspace: Workspace, say: Say) -> None:
    said = []
    for origin in ("heuristic", "model", "agent", "person"):
        done = say(EMAIL, "description", f"by {origin}", origin=origin)
        said.append((done.status, done.counts, done.counts_of))
    assert said == [
        ("set", "Where receipts go.", "connector"),
        ("set", "by model", "model"),
        ("set", "by agent", "agent"),
        ("set", "by person", "person"),
    ]
    back = []
    for _ in range(4):
        back.append(column(workspace, "email")["description"])
        say(EMAIL, "description")
    assert back == ["by person", "by agent", "by model", "Where receipts go."]
    assert column(workspace, "email")["description"] == "Where receipts go."


def test_a_heuristic_fills_what_the_file_leaves_open(workspace: Workspace, say: Say) -> None:
    done = say("shop.customers.name", "description", "A name.", origin="heuristic")
    assert (done.counts, done.counts_of) == ("A name.", "heuristic")
    assert column(workspace, "name")["description"] == "A name."


def test_a_weaker_word_changes_nothing_that_is_there(workspace: Workspace, say: Say) -> None:
    say(EMAIL, "description", "Login.")
    before = described(workspace)
    for origin in ("agent", "model", "heuristic"):
        assert say(EMAIL, "description", "Something else.", origin=origin).counts == "Login."
    assert described(workspace) == before


def test_the_same_word_again_is_no_news_and_leaves_no_trace(workspace: Workspace, say: Say) -> None:
    assert [say(EMAIL, "unit", "word").status for _ in range(2)] == ["set", "unchanged"]
    assert len(workspace.annotations(EMAIL, history=True).annotations) == 1


def test_history_keeps_everything_that_was_ever_said(workspace: Workspace, say: Say) -> None:
    say(EMAIL, "description", "One.", origin="agent")
    say(EMAIL, "description", "Two.", origin="agent")
    say(EMAIL, "description", origin="agent")
    kept = workspace.annotations(EMAIL, history=True).annotations
    assert [(one.value, one.origin, one.author, one.counts) for one in kept] == [
        ("One.", "agent", "cli", False),
        ("Two.", "agent", "cli", False),
        (None, "agent", "cli", False),
    ]
    assert all(one.at for one in kept)


def test_all_keys_reach_the_description(workspace: Workspace, say: Say) -> None:
    for key, value in {
        "note": "Lower case.",
        "unit": "text",
        "values": {"a": "first"},
        "deprecated": "use login",
        "owner": "Ada",
        "team": "sales",
    }.items():
        say(EMAIL, key, value)
    found = column(workspace, "email")
    assert {k: found[k] for k in ("note", "unit", "values", "deprecated", "annotations")} == {
        "note": "Lower case.",
        "unit": "text",
        "values": {"a": "first"},
        "deprecated": "use login",
        "annotations": {"owner": "Ada", "team": "sales"},
    }
    say("shop.customers", "owner", "Bob")
    assert described(workspace)["annotations"] == {"owner": "Bob"}


def test_models_and_people_read_the_owner_and_words_of_ones_own_too(workspace: Workspace, say: Say) -> None:
    say("shop.customers", "owner", "Bob")
    say(EMAIL, "team", "sales")
    text = describe_text(workspace.describe(["shop.customers"], samples=0))
    assert "owner: Bob" in text
    assert "email: [pii email] Where receipts go; team: sales" in text


def test_many_words_of_ones_own_do_not_fill_the_page(workspace: Workspace) -> None:
    words = [
        {"target": target, "key": f"k{n:03}", "value": "v"} for n in range(90) for target in (EMAIL, "shop.orders")
    ]
    workspace.annotate(words, origin="agent")
    found = workspace.describe(["shop.customers", "shop.orders"], samples=0)
    short, whole = describe_text(found), describe_text(found, full=True)
    assert short.count("k004: v") == short.count("85 more keys") == 2
    assert "k005" not in short
    assert whole.count("k089: v") == 2


def test_a_place_inside_json_has_words_of_its_own(workspace: Workspace, say: Say) -> None:
    say("shop.customers.profile.city", "description", "The town.")
    say("SHOP.Customers.profile.tags[]", "unit", "label")
    paths = {path["path"]: path for path in column(workspace, "profile")["paths"]}
    assert paths["city"]["description"] == "The town."
    assert paths["tags[]"]["unit"] == "label"


def test_a_place_that_no_record_has_is_kept_and_that_is_said(workspace: Workspace) -> None:
    said = workspace.annotate(
        [
            {"target": "shop.customers.profile.cty", "key": "unit", "value": "label"},
            {"target": "shop.customers.profile.city", "key": "note", "value": "Of the firm."},
        ]
    )
    assert said.notes == ["No record that was looked at has shop.customers.profile.cty; did you mean profile.city?"]
    assert [row.target for row in workspace.annotations("shop.customers.profile.cty").annotations] == [
        "shop.customers.profile.cty"
    ]


def test_what_is_said_is_found_by_search(workspace: Workspace, say: Say) -> None:
    assert workspace.search("newsletter").tables == []
    say(EMAIL, "note", "Subscribed to the newsletter.")
    say("shop.orders", "owner", "Grace Hopper")
    say("shop", "description", "A bakery.")
    assert [t.table for t in workspace.search("newsletter").tables] == ["shop.customers"]
    assert [t.table for t in workspace.search("hopper").tables] == ["shop.orders"]
    assert workspace.info().connectors[0].description == "A bakery."
    say(EMAIL, "note")
    assert workspace.search("newsletter").tables == []


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ({"target": "shup.customers", "key": "note", "value": "x"}, "unknown.connector"),
        ({"target": "shop.custmers", "key": "note", "value": "x"}, "unknown.table"),
        ({"target": "shop.customers.emial", "key": "note", "value": "x"}, "unknown.column"),
        ({"target": "shop..email", "key": "note", "value": "x"}, "annotation.target"),
        ({"target": EMAIL, "key": "No Key", "value": "x"}, "annotation.key"),
        ({"target": "shop.customers", "key": "pii", "value": "email"}, "annotation.key"),
        ({"target": EMAIL, "key": "pii", "value": "emial"}, "annotation.value"),
        ({"target": EMAIL, "key": "note", "value": "  "}, "annotation.value"),
        ({"target": EMAIL, "key": "note", "value": "x" * 4001}, "annotation.value"),
        ({"target": EMAIL, "key": "values", "value": "{}"}, "annotation.value"),
        ({"target": EMAIL, "key": "note", "value": "a\0b"}, "annotation.value"),
        ({"target": EMAIL, "key": "note", "value": "half \ud83d"}, "annotation.value"),
        ({"target": EMAIL, "key": "values", "value": {"a": "half \udcff"}}, "annotation.value"),
        ({"target": EMAIL, "key": "values", "value": ["a\0b"]}, "annotation.value"),
        ({"target": f"{EMAIL}.\ud83d", "key": "note", "value": "x"}, "annotation.target"),
        ({"target": EMAIL, "key": "\udcff", "value": "x"}, "annotation.key"),
        ({"target": EMAIL, "key": "note", "value": "x", "confidence": 2}, "annotation.value"),
        ({"target": EMAIL, "key": "note"}, "annotation.input"),
        ({"target": EMAIL, "key": "note", "value": "x", "remove": True}, "annotation.input"),
        ({"target": EMAIL, "ky": "note", "value": "x"}, "annotation.input"),
        ({"target": EMAIL, "key": "note", "remove": True}, "unknown.annotation"),
        ({"target": EMAIL, "key": "pii", "value": "none"}, "annotation.person"),
    ],
)
def test_a_wrong_word_is_refused_with_a_next_step_and_nothing_of_its_list_is_kept(
    still: Workspace, word: dict[str, Any], code: str
) -> None:
    good = {"target": EMAIL, "key": "description", "value": "Good."}
    with pytest.raises(DinobaseError) as caught:
        still.annotate([good, word])
    assert caught.value.error_code == code
    assert caught.value.hint
    assert still.annotations("shop", history=True).annotations == []


def test_an_agent_takes_back_its_own_word_but_never_a_persons(workspace: Workspace, say: Say) -> None:
    say(EMAIL, "note", "By a person.")
    say(EMAIL, "note", "By an agent.", origin="agent")
    assert say(EMAIL, "note", origin="agent").counts == "By a person."
    with pytest.raises(DinobaseError, match="Only a person can take back what a person said"):
        say(EMAIL, "note", origin="agent")
    assert column(workspace, "email")["note"] == "By a person."


def test_what_an_identity_does_not_see_it_can_neither_annotate_nor_read(workspace: Workspace, say: Say) -> None:
    say(EMAIL, "note", "Hidden from the blind.")
    with pytest.raises(DinobaseError) as caught:
        say(EMAIL, "note", "x", origin="agent", identity="blind")
    assert caught.value.error_code == "unknown.column"
    for history in (False, True):
        seen = workspace.annotations("shop", history=history, identity="blind").annotations
        assert all("email" not in one.target and "orders" not in one.target for one in seen)


def test_words_live_in_postgres_beside_a_shared_catalog(postgres: str, tmp_path: Path) -> None:
    workspace = make(tmp_path / "shared", url=str(tmp_path / "data"), catalog=postgres)
    say = speaker(workspace)
    say(EMAIL, "description", "One.", origin="agent")
    say(EMAIL, "description", "Two.")
    assert column(workspace, "email")["description"] == "Two."
    say(EMAIL, "description")
    assert column(workspace, "email")["description"] == "One."
    assert [s.value for s in Book(workspace.paths.state, postgres).history("shop")] == ["One.", "Two.", None]
    assert workspace.search("receipts").tables == []
