"""Bad connector files, each with its exact report: `cases/NAME.yaml` is acme.yaml, `cases/NAME.txt` what is said."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from dinobase.core.errors import SpecError
from dinobase.spec.load import load_connector, load_text

CASES = Path(__file__).parent / "cases"
SOURCES = Path(__file__).parents[2] / "dinobase" / "spec"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


def report(raw: bytes) -> str:
    """Return what is said of a file, a line per finding."""
    loaded = load_text(raw, "acme.yaml", stem="acme")
    lines = [f"error    {problem}\n" for problem in loaded.errors]
    return "".join(lines + [f"warning  {problem}\n" for problem in loaded.warnings])


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_gets_exactly_its_report(name: str) -> None:
    assert report((CASES / f"{name}.yaml").read_bytes()) == (CASES / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("warning_")])
def test_a_bad_file_never_becomes_a_connector(name: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_bytes((CASES / f"{name}.yaml").read_bytes())
    with pytest.raises(SpecError) as caught:
        load_connector(path)
    assert caught.value.exit_code == 2
    assert [(p["line"], p["column"]) for p in caught.value.context["problems"]] == sorted(
        (p.line, p.column) for p in caught.value.problems
    )


def test_the_table_is_as_long_as_promised() -> None:
    assert len([name for name in NAMES if not name.startswith("warning_")]) >= 60


def test_every_code_that_a_check_can_give_is_in_the_table() -> None:
    texts = "".join(path.read_text("utf-8") for path in CASES.glob("*.txt"))
    said = set(re.findall(r":\d+:\d+  ((?:spec|yaml)\.\w+)", texts))
    can = set(re.findall(r'"(yaml\.\w+)"', (SOURCES / "yaml_lines.py").read_text("utf-8")))
    for path in [*SOURCES.glob("checks/*.py"), SOURCES / "load.py", SOURCES / "shapes.py"]:
        can |= {f"spec.{code}" for code in codes(path.read_text("utf-8"))}
    assert len(can) > 40
    assert can - said == {"yaml.too_big"}  # a megabyte is made below, not kept


def codes(source: str) -> set[str]:
    """Return the codes given to `report.error` and `report.warn`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and len(node.args) > 1]
    return {
        call.args[1].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"error", "warn"}
        and isinstance(call.args[1], ast.Constant)
        and isinstance(call.args[1].value, str)
    }


def test_a_file_over_a_megabyte_is_refused() -> None:
    assert report(b"#" * (1024 * 1024 + 1)) == (
        "error    acme.yaml:1:1  yaml.too_big  the file has 1,048,577 bytes; 1,048,576 are allowed. "
        "Is this the right file?\n"
    )


def test_a_byte_order_mark_is_no_problem() -> None:
    raw = b"\xef\xbb\xbfname: acme\nclient: {base_url: 'https://acme.test/'}\nresources: [{name: orders}]\n"
    assert report(raw) == ""


def test_windows_line_ends_are_no_problem() -> None:
    raw = (
        b"name: acme\r\nclient: {base_url: 'https://acme.test/'}\r\nresources:\r\n- name: orders\r\n  selcted: true\r\n"
    )
    assert report(raw).startswith("error    acme.yaml:5:3  spec.unknown_key  `selcted` in resources[0]")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_connector(tmp_path / "acme.yaml")
    assert str(caught.value.problems[0]).endswith(
        "spec.unreadable  the file cannot be read: No such file or directory."
    )
