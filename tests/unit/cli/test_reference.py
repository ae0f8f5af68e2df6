"""The reference page and the completion scripts follow the parsers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import shtab

from dinobase.cli import help_text, reference, whole
from dinobase.cli.catalogue import COMMANDS
from dinobase.cli.commands.completion import SHELLS
from dinobase.query import fast

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def test_the_reference_page_is_current() -> None:
    text = PAGE.read_text()
    generated = text[text.index("]]] -->\n") + len("]]] -->\n") : text.index("<!-- [[[end]]]")]
    assert generated.strip() == reference.markdown().strip(), "run `cog -r docs/cli.md`"


def test_every_command_has_a_summary_texts_and_an_argument_help() -> None:
    assert set(help_text.TEXTS) == {command.name for command in COMMANDS}
    for command, parser in whole.parsers():
        assert command.summary
        for action in parser._actions:
            assert action.help or action.dest == "action", f"{command.name} {action.option_strings or action.dest}"


def test_the_fast_door_takes_the_flags_that_the_help_shows() -> None:
    asked = fast.parse(["SELECT 1", "--format", "csv", "--max-rows", "7", "--timeout", "3"])
    assert asked is not None
    shown = next(parser for command, parser in whole.parsers() if command.name == "query")
    assert set(shown.flags()) == {
        "-h",
        "--help",
        "--format",
        "--max-rows",
        "--timeout",
        "--budget",
        "--as",
        "--max-age",
    }


def test_there_is_a_script_for_every_shell_that_the_library_knows() -> None:
    assert set(SHELLS) == set(shtab.SUPPORTED_SHELLS)
    for shell in SHELLS:
        script = shtab.complete(whole.parser(), shell=shell)
        assert "full-refresh" in script
        assert "connectors" in script


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["dinobase", "conn"], {"connector", "connectors"}),
        (["dinobase", "connector", "va"], {"validate"}),
        (["dinobase", "sync", "--f"], {"--full-refresh", "--format"}),
    ],
)
def test_bash_completes_commands_actions_and_flags(words: list[str], expected: set[str], tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(shtab.complete(whole.parser(), shell="bash"))
    line = " ".join(f"'{word}'" for word in words)
    code = (
        f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMP_LINE='{' '.join(words)}';"
        ' _shtab_dinobase; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == expected, done.stderr
