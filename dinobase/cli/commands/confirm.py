"""`dinobase confirm`: a person sees the plan and says yes; an agent confirms what the rules give to it."""

from __future__ import annotations

import argparse
from typing import Any

from dinobase.cli import diagnostics, parse, writes
from dinobase.cli.diagnostics import Exit
from dinobase.core import errors


def arguments(parser: parse.Parser) -> None:
    """One or more mutations or batches."""
    parser.add_argument("ids", metavar="ID", nargs="+", help="a mutation's or a batch's id")
    parser.add_argument(
        "--code", metavar="CODE", default="", help="a person's, from `mutations approve-code ID...` of the same ids"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask where the rules ask for no person")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Confirm in order; ends at the first that is not wholly done."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    identity = workspace.identity(args.identity)
    engine = workspace.mutations()
    coded = engine.confirm_each(args.ids, identity=identity, code=args.code)
    for name in args.ids:
        if args.code:
            result = next(coded)
        else:
            shown = engine.show(name, identity=identity)
            human, passphrase = asked(name, shown, yes=args.yes, key=engine.has_key)
            result = engine.confirm(name, identity=identity, human=human, passphrase=passphrase)
        code = writes.applied(result, args.format)
        if code != Exit.DONE:
            return code
    return Exit.DONE


def asked(name: str, shown: dict[str, Any], *, yes: bool, key: bool, ask: str = "Send it?") -> tuple[bool, str]:
    """Show the plan on a terminal and ask; returns whether a person approved, and the passphrase given."""
    mutations = shown.get("mutations") or [shown]
    needed = any(m["approval"] == "human" for m in mutations)
    waiting = all(m["status"] == "pending_confirmation" for m in mutations)
    if not diagnostics.interactive() or not waiting or (yes and not needed):
        return False, ""
    diagnostics.note(writes.text(mutations))
    for mutation in mutations:
        writes.notes(mutation["preview"])
    if diagnostics.question(f"{ask} Type `yes` to confirm {name}: ").lower() != "yes":
        raise errors.UsageError("Nothing was approved", code="usage.declined", hint=f"dinobase cancel {name}")
    return True, diagnostics.passphrase("Approval key: ") if key and needed else ""
