"""Placeholders: what is put in, what stays, what is refused."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinobase.kinds.template import (
    Placeholder,
    TemplateError,
    escape,
    placeholders,
    render,
    render_json,
    render_json_known,
    render_known,
    strings,
)

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


def test_placeholders_are_listed_with_their_places() -> None:
    assert placeholders("a/{id}/{+full_name}{{x}}") == [
        Placeholder("id", keep_slashes=False, position=2),
        Placeholder("full_name", keep_slashes=True, position=7),
    ]


def test_a_dotted_name_is_one_placeholder() -> None:
    assert [p.name for p in placeholders("{incremental.start_value}")] == ["incremental.start_value"]


def test_text_without_braces_stays_itself() -> None:
    assert render("plain", {}) == "plain"
    assert render_known("plain", {}) == "plain"


def test_values_are_put_in_as_json_writes_them() -> None:
    values = {"n": 7, "yes": True, "no": False, "nothing": None, "s": "x"}
    assert render("{n}|{yes}|{no}|{nothing}|{s}", values) == "7|true|false||x"


def test_doubled_braces_are_literal() -> None:
    assert render("{{{name}}}", {"name": "x"}) == "{x}"
    assert render('{{"a": {{"b": {n}}}}}', {"n": 1}) == '{"a": {"b": 1}}'


def test_in_a_path_slashes_are_encoded_unless_plus_keeps_them() -> None:
    values = {"name": "a/b c?d#e%f"}
    assert render("x/{name}", values, in_path=True) == "x/a%2Fb%20c%3Fd%23e%25f"
    assert render("x/{+name}", values, in_path=True) == "x/a/b%20c%3Fd%23e%25f"


def test_a_placeholder_that_nothing_defines_is_an_error_that_lists_what_is_defined() -> None:
    with pytest.raises(TemplateError, match=r"nothing defines `\{x\}`") as caught:
        render("a {x}", {"b": 1, "a": 2})
    assert caught.value.hint == "Defined here: `{a}`, `{b}`."
    assert caught.value.context["position"] == 2
    with pytest.raises(TemplateError) as caught:
        render("{x}", {})
    assert caught.value.hint == "Nothing is defined here."


@pytest.mark.parametrize(
    ("text", "position"), [("a{", 1), ("}", 0), ('{"a": 1}', 0), ("{a b}", 0), ("{}", 0), ("{{{", 2), ("{1a}", 0)]
)
def test_a_single_brace_is_an_error_with_its_place(text: str, position: int) -> None:
    with pytest.raises(TemplateError, match=f"at character {position + 1} is not part of a placeholder") as caught:
        placeholders(text)
    assert caught.value.context["position"] == position


def test_what_is_not_known_yet_stays_a_template() -> None:
    once = render_known("{key}/{{x}}/{+rest}/{incremental.start_value}", {"key": "a{b}"})
    assert once == "a{{b}}/{{x}}/{+rest}/{incremental.start_value}"
    assert render(once, {"rest": "r", "incremental.start_value": 1}) == "a{b}/{x}/r/1"


def test_json_is_rendered_in_its_strings_only() -> None:
    value = {"{key}": ["{a}", 1, None, {"b": "x{a}"}], "t": ("{a}",)}
    assert render_json(value, {"a": 5}) == {"{key}": ["5", 1, None, {"b": "x5"}], "t": ["5"]}
    assert render_json_known(value, {"a": 5}) == {"{key}": ["5", 1, None, {"b": "x5"}], "t": ["5"]}


def test_a_lone_placeholder_keeps_its_type_where_that_is_asked_for() -> None:
    assert render_json({"id": "{id}", "s": "n{id}", "c": "plain"}, {"id": 7}, keep_types=True) == {
        "id": 7,
        "s": "n7",
        "c": "plain",
    }


def test_strings_inside_json_are_walked_with_their_paths() -> None:
    assert list(strings({"a": ["x", 1, {"b": "y"}]})) == [(("a", 0), "x"), (("a", 2, "b"), "y")]


@given(st.text())
def test_escaped_text_renders_to_itself(text: str) -> None:
    assert render(escape(text), {}) == text
    assert placeholders(escape(text)) == []


@given(st.lists(st.one_of(st.text(), NAMES.map(lambda n: ("name", n)))), st.dictionaries(NAMES, st.text()))
def test_rendering_in_two_steps_equals_rendering_at_once(
    parts: list[str | tuple[str, str]], first: dict[str, str]
) -> None:
    names = [part[1] for part in parts if isinstance(part, tuple)]
    values = {**dict.fromkeys(names, "later {value}"), **first}
    text = "".join(escape(part) if isinstance(part, str) else f"{{{part[1]}}}" for part in parts)
    assert render(render_known(text, first), values) == render(text, values)
    assert render(text, values) == "".join(part if isinstance(part, str) else values[part[1]] for part in parts)


@given(st.text())
def test_a_path_value_can_be_read_back_and_never_adds_a_segment_or_a_query(text: str) -> None:
    try:
        encoded = render("{x}", {"x": text}, in_path=True)
    except UnicodeEncodeError:
        return  # lone surrogates have no UTF-8 form
    assert unquote(encoded) == text
    assert not set("/?#") & set(encoded)
