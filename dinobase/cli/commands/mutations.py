"""`dinobase mutations`: what was planned, approved and sent; going on with what stopped."""

from __future__ import annotations

import argparse

from dinobase.cli import diagnostics, parse, writes
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table
from dinobase.core import errors


def arguments(parser: parse.Parser) -> None:
    """Without an action they are listed."""
    parse.add_identity(parser)
    parser.add_argument("--limit", metavar="N", default="50", help="the newest N; 0 is all; default 50")
    parse.add_format(parser)
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=False, parser_class=parse.Parser, title="actions"
    )
    show = actions.add_parser("show", help="all that is known of one: plan, approver, requests, answers")
    resume = actions.add_parser("resume", help="go on with one that stopped")
    abandon = actions.add_parser("abandon", help="give up what is left of one that stopped")
    resume.add_argument("--resend", action="store_true", help="send again what nobody knows the outcome of")
    for each in (show, resume, abandon):
        each.add_argument("id", metavar="ID", help="a mutation's or a batch's id")
    verify = actions.add_parser("verify", help="check the journal: each record holds the hash of the one before")
    for each in (show, resume, abandon, verify):
        parse.add_identity(each)
        parse.add_format(each)


def run(args: argparse.Namespace) -> int:
    """List, or act on one."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    identity = workspace.identity(args.identity)
    engine = workspace.mutations()
    output = Output.choose(args.format)
    if args.action == "show":
        shown = engine.show(args.id, identity=identity)
        output.emit(shown, writes.changes(shown.get("mutations") or [shown]), views=writes.whole(shown))
        return Exit.DONE
    if args.action == "resume":
        human = diagnostics.interactive() and engine.needs_human(args.id, identity=identity)
        key = diagnostics.passphrase("Approval key: ") if human and engine.has_key else ""
        result = engine.resume(args.id, identity=identity, human=human, resend=args.resend, passphrase=key)
        return writes.applied(result, args.format)
    if args.action == "abandon":
        result = engine.abandon(args.id, identity=identity)
        facts = [(k, v) for k, v in result.items() if k != "steps"]
        output.emit(result, Table((Column("what"), Column("value")), facts))
        return Exit.DONE
    if args.action == "verify":
        result = engine.verify()
        output.emit(result, Table((Column("what"), Column("value")), list(result.items())))
        return Exit.DONE
    if not args.limit.isdigit():
        raise errors.UsageError(f"--limit takes a whole number, not `{args.limit}`", hint="--limit 10")
    found = engine.listed(identity=identity, limit=int(args.limit))
    names = ("created_at", "operation", "rows", "status", "approval", "identity")
    kinds = ("time", "text", "count", "status", "text", "text")
    heads = ("created", "what", "rows", "status", "approval", "by")
    columns = (Column("id", "name"), Column("table"), *map(Column, heads, kinds))
    rows = [(m["mutation_id"], f"{m['connector']}.{m['table_name']}", *(m[n] for n in names)) for m in found]
    output.emit({"mutations": found}, Table(columns, rows, empty="Nothing was ever written."))
    return Exit.DONE
