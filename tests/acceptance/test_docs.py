"""Every page of the documentation is followed word for word: its files saved, its commands run, its output compared.

A `console` block holds commands (`$ ...`) and what they print; `...` in it stands for anything, blanks do not count. A
block whose first line is `# PATH` is saved there. Both are read from top to bottom, in an empty home folder, beside the
API that the pages connect. Other blocks are not run: they are for reading.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import struct
import subprocess
import sys
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
RUN = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ADDRESS = "127.0.0.1:8100"


@pytest.fixture
def shop() -> Iterator[str]:
    """Serve the example API on a free port."""
    command = [sys.executable, str(ROOT / "docs/example/shop_api.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split("/")[2]
        server.terminate()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_a_page_can_be_followed_word_for_word(page: Path, shop: str, tmp_path: Path) -> None:
    example = tmp_path / "project/docs/example/shop.yaml"
    example.parent.mkdir(parents=True)
    text = (ROOT / "docs/example/shop.yaml").read_text(encoding="utf-8")
    example.write_text(text.replace(ADDRESS, shop), encoding="utf-8")
    for kind, body in BLOCK.findall(page.read_text(encoding="utf-8").replace(ADDRESS, shop)):
        saved = re.match(r"# (~/\S+)\n", body)
        if kind == "console":
            for command, shown in commands(body):
                code, output = type_in(command, tmp_path)
                assert code == expected_code(shown), f"$ {command}\n{output}"
                assert missing(shown, output) == "", f"$ {command}\n{output}"
        elif saved is not None:
            target = tmp_path / saved[1].removeprefix("~/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body, encoding="utf-8")


def test_every_error_code_has_a_remedy_in_the_troubleshooting_page() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    said = {*re.findall(r"`([a-z_]+(?:\.(?:[a-z_]+|\*))?)`", page)}
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "dinobase").rglob("*.py"))
    literal = r'(?:code=|Refused\(|code=.* else )"([a-z]+\.?[a-z_]+)"'
    declared = re.findall(
        r'^    code(?:: ClassVar\[str\])? = "(.*)"$', (ROOT / "dinobase/core/errors.py").read_text(), re.MULTILINE
    )
    raised = re.findall(literal, source) + declared
    assert said.isdisjoint({"write.*", "journal.*", "code.*"})  # each of these has a remedy of its own
    without = {code for code in raised if code not in said and f"{code.split('.')[0]}.*" not in said}
    assert len(raised) > 20
    assert {code for code in without if not code.startswith("spec.")} == set()  # those name a line of a connector file


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command with the lines shown after it."""
    command, shown = "", list[str]()
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, shown
            command, shown = line[2:], []
        elif unfinished(command):
            command += f"\n{line}"
        else:
            shown.append(line)
    yield command, shown


def unfinished(command: str) -> bool:
    """Say whether the shell would wait for more lines."""
    try:
        shlex.split(command)
    except ValueError:
        return True
    return command.endswith("\\")


def expected_code(shown: list[str]) -> int:
    """A page says it where a command is meant to fail."""
    said = [int(found[1]) for line in shown if (found := re.fullmatch(r"\[exit code (\d)\]", line))]
    return said[0] if said else 0


def missing(shown: list[str], output: str) -> str:
    """Return the first line of the page that the output does not have in its place."""
    there = iter([" ".join(line.split()) for line in output.splitlines()])
    for line in shown:
        wanted = " ".join(line.split())
        if wanted in {"", "..."} or wanted.startswith("[exit code"):
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("...")))
        if not any(pattern.fullmatch(actual) for actual in there):
            return line
    return ""


def type_in(command: str, home: Path) -> tuple[int, str]:
    """Run a command as on a terminal of 100 columns; notes and progress go elsewhere."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    env = {name: value for name, value in os.environ.items() if not name.startswith("DINOBASE")}
    for name in ("COLUMNS", "LINES"):  # where they are set, a terminal's own size does not count
        env.pop(name, None)
    env |= {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}", "TERM": "xterm"}
    env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # never the keyring of whoever runs the tests
    with (home / "notes").open("w+b") as notes:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=home / "project",
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=notes,
        )
        os.close(theirs)
        output = b"".join(chunks(ours))
        os.close(ours)
        code = process.wait()
        notes.seek(0)
        said = notes.read()
    return code, ESCAPES.sub("", (output + said).decode())


def chunks(terminal: int) -> Iterator[bytes]:
    """Read a terminal until whoever writes to it is gone."""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side was closed
            return
        if not chunk:
            return
        yield chunk
