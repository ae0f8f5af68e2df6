"""`dinobase query`: the arguments for help and completion; answering is cli/fast.py's."""

from __future__ import annotations

import argparse

from dinobase.cli import parse


def arguments(parser: parse.Parser) -> None:
    """Say the same as query/fast.py parses; a test holds the two together."""
    parser.add_argument("sql", metavar="SQL", help="one SELECT; DuckDB's dialect")
    parser.add_argument("--max-rows", metavar="N", default=10_000, help="at most N rows; 0 is all; default 10000")
    parser.add_argument("--timeout", metavar="SECONDS", default=60, help="stop after so long; 0 is never; default 60")
    parser.add_argument(
        "--budget",
        metavar="TOKENS",
        default=0,
        help="a larger answer is a summary and a table result.r_...; 0 is never",
    )
    parser.add_argument(
        "--max-age",
        metavar="SPAN",
        default="",
        help="data older than this (10m) is brought up to date first: a record by its key is read live, else a sync",
    )
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Never reached from the command line: `main` sends `query` through the fast door."""
    from dinobase.cli import fast

    words = [args.sql, "--max-rows", str(args.max_rows), "--timeout", str(args.timeout), "--budget", str(args.budget)]
    words += ["--as", args.identity] if args.identity else []
    words += ["--max-age", args.max_age] if args.max_age else []
    fast.main([*words, "--format", args.format] if args.format else words)
