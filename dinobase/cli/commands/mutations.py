"""`dinobase mutations`: what was planned, approved and sent; going on with what stopped."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dinobase.cli import diagnostics, parse, writes
from dinobase.cli.commands.confirm import asked
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table
from dinobase.core import errors

if TYPE_CHECKING:
    from dinobase.mutate.engine import MutationEngine


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
    approve = actions.add_parser("approve-code", help="approve as a person; prints a code for whoever confirms it")
    approve.add_argument("ids", metavar="ID", nargs="+", help="mutations or batches that are then confirmed together")
    for each in (show, resume, abandon):
        each.add_argument("id", metavar="ID", help="a mutation's or a batch's id")
    verify = actions.add_parser("verify", help="check the journal: each record holds the hash of the one before")
    for each in (show, resume, abandon, approve, verify):
        parse.add_identity(each)
        parse.add_format(each)


def run(args: argparse.Namespace) -> int:
    """List, or act on one."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    identity = workspace.identity(args.identity)
    engine = workspace.mutations()
    act = {
        "show": _show,
        "resume": _resume,
        "abandon": _abandon,
        "approve-code": _approve_code,
        "verify": _verify,
    }.get(args.action, _list)
    return act(args, engine, identity)


def _show(args: argparse.Namespace, engine: MutationEngine, identity: str) -> int:
    shown = engine.show(args.id, identity=identity)
    mutations = shown.get("mutations") or [shown]
    Output.choose(args.format).emit(shown, writes.changes(mutations), views=writes.whole(shown))
    return Exit.DONE


def _resume(args: argparse.Namespace, engine: MutationEngine, identity: str) -> int:
    human = diagnostics.interactive() and engine.needs_human(args.id, identity=identity)
    key = diagnostics.passphrase("Approval key: ") if human and engine.has_key else ""
    result = engine.resume(args.id, identity=identity, human=human, resend=args.resend, passphrase=key)
    return writes.applied(result, args.format)


def _abandon(args: argparse.Namespace, engine: MutationEngine, identity: str) -> int:
    result = engine.abandon(args.id, identity=identity)
    return _facts(args, {k: v for k, v in result.items() if k not in {"steps", "mutations"}}, result)


def _verify(args: argparse.Namespace, engine: MutationEngine, _: str) -> int:
    result = engine.verify()
    return _facts(args, result, result)


def _facts(args: argparse.Namespace, facts: dict[str, Any], result: dict[str, Any]) -> int:
    Output.choose(args.format).emit(result, Table((Column("what"), Column("value")), list(facts.items())))
    return Exit.DONE


def _approve_code(args: argparse.Namespace, engine: MutationEngine, identity: str) -> int:
    """Approve on a terminal alone: what is printed there is not for the channel that asked for the write."""
    if not diagnostics.interactive():
        raise errors.UsageError(
            "A person gets a code on a terminal", code="write.needs_human", hint="Run it on a terminal of your own."
        )
    shown = [engine.show(name, identity=identity) for name in args.ids]
    mutations = [m for one in shown for m in one.get("mutations") or [one]]
    names = " ".join(args.ids)
    human, key = asked(names, {"mutations": mutations}, yes=False, key=engine.has_key, ask="Approve it?")
    result = engine.approve_code(*args.ids, identity=identity, human=human, passphrase=key)
    code = _facts(args, result, result)
    diagnostics.note(f"Good once, until {result['expires_at']}: dinobase confirm {names} --code {result['code']}")
    return code


def _list(args: argparse.Namespace, engine: MutationEngine, identity: str) -> int:
    found = engine.listed(identity=identity, limit=parse.limit(args.limit))
    names = ("created_at", "operation", "rows", "status", "approval", "identity")
    kinds = ("time", "text", "count", "status", "text", "text")
    heads = ("created", "what", "rows", "status", "approval", "by")
    columns = (Column("id", "name"), Column("table"), *map(Column, heads, kinds))
    rows = [(m["mutation_id"], f"{m['connector']}.{m['table_name']}", *(m[n] for n in names)) for m in found]
    Output.choose(args.format).emit({"mutations": found}, Table(columns, rows, empty="Nothing was ever written."))
    return Exit.DONE
