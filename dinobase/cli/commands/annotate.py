"""`dinobase annotate`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table
from dinobase.core import errors

if TYPE_CHECKING:
    from dinobase.catalog.annotations import Origin

_SPEAKERS = ("person", "agent", "model", "heuristic")
_AUTO = "dinobase annotate --auto stripe --model openai-chat:gpt-4.1-mini"
_USE = 'dinobase annotate stripe.customers.email description "Where receipts go."'


def arguments(parser: parse.Parser) -> None:
    """One word, or a list of them as JSON."""
    parser.add_argument("target", metavar="TARGET", nargs="?", help="connector, connector.table or one column more")
    parser.add_argument(
        "key", metavar="KEY", nargs="?", help="description, note, unit, pii, values, deprecated, owner, or your own"
    )
    parser.add_argument("value", metavar="VALUE", nargs="?", help="what is said")
    parser.add_argument("--remove", action="store_true", help="take the strongest word back: the next one counts again")
    parser.add_argument(
        "--origin",
        choices=_SPEAKERS,
        metavar="ORIGIN",
        help="who says it: person, agent, model or heuristic; default person on a terminal, else agent",
    )
    parser.add_argument("--confidence", metavar="N", help="0 to 1; the default follows the origin")
    parser.add_argument("--json", metavar="LIST", help="several words as a JSON list; - or nothing at all: from stdin")
    parser.add_argument(
        "--auto", action="store_true", help="have a model fill what TARGET lacks; shows what it would send"
    )
    parser.add_argument(
        "--model", metavar="NAME", default="", help="with --auto: provider:model, openai-chat:gpt-4.1-mini"
    )
    parser.add_argument("--limit", metavar="N", default="0", help="with --auto: the first N gaps; default all")
    parser.add_argument("--yes", action="store_true", help="with --auto: send it")
    parser.add_argument("--input-schema", action="store_true", help="print the JSON Schema of that list")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Say it, and print what counts now."""
    from dinobase.workspace import Workspace, annotating

    if args.input_schema:
        Output.choose("json").json(annotating.input_schema())
        return Exit.DONE
    if args.auto:
        return _filled(args)
    if args.model or args.yes:
        raise errors.UsageError("--model and --yes are for --auto", hint=_AUTO)
    words = _words(args)
    workspace = Workspace.open()
    origin: Origin = args.origin or ("person" if diagnostics.interactive() else "agent")
    done = workspace.annotate(words, origin=origin, identity=workspace.identity(args.identity))
    rows = [(one.target, one.key, one.status, one.counts, one.counts_of) for one in done.annotations]
    columns = (Column("target", "name"), Column("key"), Column("status", "status"), Column("counts"), Column("of"))
    Output.choose(args.format).emit(done, Table(columns, rows, wrap=True))
    for note in done.notes:
        diagnostics.note(note)
    for one in done.annotations:
        if one.value is not None and one.counts_of != one.origin:
            diagnostics.note(f"{one.target} {one.key}: what the {one.counts_of} said counts before it")
    return Exit.DONE


def _filled(args: argparse.Namespace) -> int:
    """Show what a model would be asked; with --yes ask it."""
    from dinobase.workspace import Workspace

    if not args.target or args.key or args.json is not None or args.remove or args.origin or args.confidence:
        raise errors.UsageError("--auto takes a connector or a table, and nothing to say", hint=_AUTO)
    if not args.model:
        raise errors.UsageError("--auto asks the model that you name, and no other", hint=_AUTO)
    workspace = Workspace.open()
    done = workspace.fill(
        args.target,
        model=args.model,
        limit=parse.limit(args.limit, example=100),
        send=args.yes,
        identity=workspace.identity(args.identity),
    )
    if done.status == "dry_run":
        rows: list[tuple[Any, ...]] = [(one.table, one.gaps, one.text) for one in done.requests]
        columns = (Column("table", "name"), Column("gaps"), Column("text", "value"))
    else:
        rows = [(f"{one.target} {one.key}", one.status, one.counts) for one in done.annotations]
        columns = (Column("target", "name"), Column("status", "status"), Column("counts"))
    Output.choose(args.format).emit(done, Table(columns, rows, empty=f"{done.source}: nothing is missing", wrap=True))
    cost = "price unknown" if done.cost_usd is None else f"${done.cost_usd:.4f}"
    tokens = f"{done.input_tokens} tokens in, {done.output_tokens} out, {cost}"
    if done.status == "dry_run" and done.requests:
        diagnostics.note(
            f"Nothing was sent. {len(done.requests)} requests to {done.model}, about {tokens}; --yes sends them."
        )
    elif done.sent:
        diagnostics.note(f"{done.sent} requests to {done.model}: {tokens}")
    for note in done.notes:
        diagnostics.note(note)
    return Exit.FAILED if done.status in {"partial", "error"} else Exit.DONE


def _words(args: argparse.Namespace) -> Sequence[Mapping[str, Any]]:
    single = [part for part in (args.target, args.key, args.value) if part is not None]
    if args.json is not None or not single:
        if single or args.remove:
            raise errors.UsageError("--json says everything", hint="Put the target into the list.")
        return _listed(args.json)
    if len(single) != (2 if args.remove else 3):
        what = "TARGET KEY" if args.remove else "TARGET KEY VALUE"
        raise errors.UsageError(f"annotate takes {what}, not {len(single)} words", hint=_USE)
    word: dict[str, Any] = {"target": args.target, "key": args.key}
    word |= {"remove": True} if args.remove else {"value": args.value}
    if args.confidence is not None:
        try:
            word["confidence"] = float(args.confidence)
        except ValueError:
            raise errors.UsageError(
                f"--confidence takes a number between 0 and 1, not `{args.confidence}`", hint="--confidence 0.8"
            ) from None
    return [word]


def _listed(text: str | None) -> Sequence[Mapping[str, Any]]:
    if text is None and diagnostics.interactive():
        raise errors.UsageError("There is nothing to say", hint=_USE)
    source = sys.stdin.read() if text in {None, "-"} else str(text)
    try:
        found = json.loads(source)
    except ValueError as error:
        raise errors.UsageError(
            f"The list is no JSON: {error}", code="annotation.input", hint="dinobase annotate --input-schema"
        ) from None
    return found if isinstance(found, list) else [found]
