"""What stands around every command: dispatch, and each way of ending turned into an exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import cast

from dinobase.cli import diagnostics, help_text, output, parse
from dinobase.cli.catalogue import COMMANDS, Command, Module
from dinobase.cli.diagnostics import Exit
from dinobase.core import errors, settings

_GO_ON = "What was committed stays; run it again to go on."


def guarded(words: Sequence[str]) -> int:
    """Run a command line; nothing but an exit code comes out."""
    return guard(lambda: dispatch(words), parse.asked_format(words))


def guard(work: Callable[[], int], asked: str | None) -> int:
    """Run anything that prints, and turn its way of ending into an exit code."""
    code: int = Exit.DONE
    try:
        code = work()
        output.flush()
    except BrokenPipeError:
        diagnostics.silence()
    except KeyboardInterrupt:
        code = _interrupted(asked)
    except SystemExit as ended:  # argparse after --help
        code = ended.code if isinstance(ended.code, int) else Exit.DONE
        code = _finish(code)
    except errors.DinobaseError as error:
        code = _fail(error, asked)
    except OSError as error:
        code = _fail(_operating_system(error), asked)
    except UnicodeEncodeError as error:  # half a surrogate pair: a word in another encoding, kept nowhere
        code = _fail(_no_text(error) if _bytes_given() else diagnostics.crash(error), asked)
    except Exception as error:  # noqa: BLE001 - the one place where the unexpected ends
        code = _interrupted(asked) if _by_interrupt(error) else _fail(diagnostics.crash(error), asked)
    return int(code)


def dispatch(words: Sequence[str]) -> int:
    """Find the command and run it."""
    if not words or words[0] in {"-h", "--help", "help"}:
        if words[1:] and words[0] == "help":
            return dispatch([words[1], "--help"])
        output.write(help_text.root(colour=output.Output.choose("table").colour))
        return Exit.DONE
    if words[0] in {"-V", "--version"}:
        from dinobase import __version__

        output.write(f"dinobase {__version__}\n")
        return Exit.DONE
    command = find(words[0])
    module = load(command)
    parser = parser_of(command, module)
    own = getattr(module, "parse_words", None)  # commands whose flags depend on their words
    return module.run(own(parser, words[1:]) if own else parser.parse(words[1:]))


def find(name: str) -> Command:
    """Return the command of this name, or raise with the nearest."""
    for command in COMMANDS:
        if command.name == name:
            return command
    names = [command.name for command in COMMANDS]
    if name.startswith("-"):
        near = errors.did_you_mean(name, ["--help", "--version"])
        what = f"unknown flag `{name.split('=', 1)[0]}`"
    else:
        near = errors.did_you_mean(name, names)
        what = f"`{name}` is not a command"
    hint = f"Did you mean `dinobase {near}`?" if near else "`dinobase --help` lists them."
    raise errors.UsageError(what, code="usage.command", hint=hint, allowed=names)


def load(command: Command) -> Module:
    """Import the module of a command."""
    return cast("Module", importlib.import_module(f"dinobase.cli.commands.{command.module}"))


def parser_of(command: Command, module: Module) -> parse.Parser:
    """Build the parser of one command."""
    text = help_text.of(command.name)
    parser = parse.Parser(f"dinobase {command.name}", description=text.description, epilog=text.epilog)
    module.arguments(parser)
    return parser


def _fail(error: errors.DinobaseError, asked: str | None) -> int:
    output.failure(error, asked)
    diagnostics.fail(error)
    return _finish(error.exit_code)


def _interrupted(asked: str | None) -> int:
    _fail(errors.DinobaseError("Interrupted", code="interrupted", hint=_GO_ON), asked)
    return Exit.INTERRUPTED


def _by_interrupt(error: BaseException | None) -> bool:
    """Tell whether Ctrl-C is behind it: a C module that it met at its import fails by an error of its own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _finish(code: int) -> int:
    try:
        output.flush()
    except OSError:  # nobody reads, or the disk is full: either was said, or is no failure
        diagnostics.silence()
    return code


def _bytes_given() -> bool:
    return any("\udc80" <= sign <= "\udcff" for word in sys.argv for sign in word)


def _no_text(error: UnicodeEncodeError) -> errors.UsageError:
    found = error.object[max(0, error.start - 20) : error.end].encode("utf-8", "backslashreplace").decode()
    return errors.UsageError(f"A word of the command is no UTF-8: `{found}`", hint="Write it in UTF-8.")


def _operating_system(error: OSError) -> errors.DinobaseError:
    import errno

    folder = settings.read_only(error)
    if folder:
        return errors.ReadOnlyError(folder)
    place = f" ({error.filename})" if error.filename else ""
    hint = {
        errno.ENOSPC: "Free some space and run it again; what was committed is safe.",
        errno.EACCES: "Check the rights of that place: `dinobase doctor`.",
        errno.EPERM: "Check the rights of that place: `dinobase doctor`.",
        errno.EROFS: "Choose another folder: DINOBASE_DIR=...",
    }.get(error.errno or 0, "`dinobase doctor` checks the installation.")
    what = error.strerror or type(error).__name__
    return errors.DinobaseError(f"{what}{place}", code="system.error", hint=hint)
