"""What the skills tell an agent to run is there, and a connector is built from a specification where there is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from dinobase.agents.install import SKILLS
from dinobase.cli import whole

FILES = sorted(SKILLS.glob("*/SKILL.md"))
COMMAND = re.compile(r"""^    dinobase ((?:[^"'\n]|"[^"]*"|'[^']*')+)$""", re.MULTILINE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_command_of_a_skill_is_one_that_the_command_line_takes(file: Path) -> None:
    commands = COMMAND.findall(file.read_text(encoding="utf-8"))
    parsers = {command.name: parser for command, parser in whole.parsers()}
    assert commands
    for line in commands:
        name, *words = shlex.split(line, comments=True)
        parsers[name].parse(words)


def test_a_connector_is_drafted_from_a_specification_before_it_is_written_by_hand() -> None:
    text = (SKILLS / "build-connector" / "SKILL.md").read_text(encoding="utf-8")
    section = text[text.index("## 3.") : text.index("## 4.")]
    given = section.index("dinobase connector create NAME --from-openapi FILE|URL")
    assert given < section.index("dinobase connector create NAME --url")
    assert "comments what the\nspecification leaves open" in section
