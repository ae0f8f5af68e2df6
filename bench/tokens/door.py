"""What the agents' door costs a model, ours and the published package's, on the same rows with the same tokenizer.

python bench/tokens/door.py: both sync the same API on loopback, both are asked by the official MCP client on stdio, and
the table in docs/answers.md is written anew. Counted is what a client gets as text (o200k): the instructions, the list
of tools as it comes over the wire, and the answers of `describe` and `query`.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.types import TextContent

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE), str(HERE.parent)]

import billing  # noqa: E402 - the path is set above
import environments  # noqa: E402
import measure  # noqa: E402
from contenders import environment  # noqa: E402

from tests.servers.json_api import JsonApi, serve  # noqa: E402

PAGE = ROOT / "docs" / "answers.md"
REFERENCE = (*environments.REFERENCE, "mcp==1.30.0")  # it does not start with the SDK's second version
QUERY = f"SELECT {', '.join(billing.COLUMNS)} FROM {billing.TABLE} ORDER BY id LIMIT 50"
WIDTH = len(billing.COLUMNS)
MOST = {
    "instructions": None,
    "list of tools": None,
    "instructions and tools": 1_100,
    f"describe, {WIDTH} described columns": 600,
    f"50 rows of {WIDTH} columns": 3_500,
}
_PACKAGED = (
    "import dinobase, pathlib, shutil, sys; "
    "to = pathlib.Path(dinobase.__file__).parent / 'sync' / 'sources' / 'configs' / 'billing.yaml'; "
    "shutil.copy(sys.argv[1], to)"
)


def main() -> None:
    """Measure, print, write the page."""
    api = JsonApi(token=billing.KEY)
    api.tables.update(billing.tables())
    with serve(api), tempfile.TemporaryDirectory() as folder:
        measured = {"ours": ours(api.url, Path(folder) / "ours"), "theirs": theirs(api.url, Path(folder) / "theirs")}
    cache = measure.tokenizer(HERE.parent / ".cache" / "tokens")
    counts = {who: measure.count(texts, cache) for who, texts in measured.items()}
    written = table(counts["ours"], counts["theirs"])
    print(written)
    page = PAGE.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- door\.py -->\n).*?(<!-- end -->)", re.DOTALL)
    if not marked.search(page):
        raise SystemExit(f"{PAGE.name} has no place for the table: <!-- door.py --> and <!-- end -->")
    PAGE.write_text(marked.sub(lambda found: f"{found[1]}{written}\n{found[2]}", page), encoding="utf-8")


def ours(url: str, folder: Path) -> list[str]:
    """Connect, sync and ask this checkout."""
    (folder / "connectors").mkdir(parents=True)
    (folder / "connectors" / "billing.yaml").write_text(yaml.safe_dump(billing.described(url), sort_keys=False))
    command = str(environments.ours().with_name("dinobase"))
    run(folder, command, "add", "billing", "--api-key", billing.KEY, "--no-check")
    run(folder, command, "sync", "billing")
    return asyncio.run(asked(folder, [command, "serve"], {"tables": [billing.TABLE]}))


def theirs(url: str, folder: Path) -> list[str]:
    """Connect, sync, annotate and ask the published package."""
    folder.mkdir(parents=True)
    packaged = folder / "billing.yaml"
    packaged.write_text(yaml.safe_dump(billing.definition(url), sort_keys=False))
    python = environments.python("door", REFERENCE)
    run(folder, str(python), "-c", _PACKAGED, str(packaged))
    (folder / "config.yaml").write_text(
        yaml.safe_dump({"connectors": {"billing": {"type": "billing", "credentials": {"api_key": billing.KEY}}}})
    )
    command = str(python.with_name("dinobase"))
    run(folder, command, "sync", "billing")
    annotate = {"items": billing.annotation_items()}
    return asyncio.run(asked(folder, [command, "serve"], {"table": billing.TABLE}, annotate))


async def asked(
    folder: Path, command: Sequence[str], describe: Mapping[str, object], annotate: Mapping[str, object] | None = None
) -> list[str]:
    """Return instructions, tools, both, and the two answers; what is annotated is so before the greeting."""
    if annotate:
        await talk(folder, command, [("annotate", annotate)])
    instructions, tools, *answers = await talk(folder, command, [("describe", describe), ("query", {"sql": QUERY})])
    assert all(column in answers[0] for column in billing.COLUMNS)
    assert answers[1].count("@example.com") == 50, answers[1][:300]
    return [instructions, tools, instructions + tools, *answers]


async def talk(
    folder: Path, command: Sequence[str], calls: Sequence[tuple[str, Mapping[str, object]]]
) -> tuple[str, ...]:
    """Greet a server and call its tools."""
    server = StdioServerParameters(command=command[0], args=list(command[1:]), env=environment(folder))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        greeting = await session.initialize()
        tools = await session.list_tools()
        answers = []
        for name, arguments in calls:
            result = await session.call_tool(name, dict(arguments))
            assert not result.is_error, result
            answers.append("".join(part.text for part in result.content if isinstance(part, TextContent)))
    listed = [tool.model_dump(by_alias=True, exclude_none=True) for tool in tools.tools]
    wire = json.dumps({"tools": listed}, ensure_ascii=False, separators=(",", ":"))
    return greeting.instructions or "", wire, *answers


def table(ours: Sequence[int], theirs: Sequence[int]) -> str:
    """Return the Markdown table."""
    lines = ["| What a model reads | dinobase 0.2.9 | ours | at most |", "| --- | ---: | ---: | ---: |"]
    for (name, most), mine, other in zip(MOST.items(), ours, theirs, strict=True):
        lines.append(f"| {name} | {other:,} | {mine:,} | {f'{most:,}' if most else ''} |")
    return "\n".join(lines)


def run(folder: Path, *command: str) -> None:
    """Run a step, and show what it said where it fails."""
    done = subprocess.run(
        command, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command[-1]}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    main()
