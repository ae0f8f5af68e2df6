"""How a person at the command line is asked to allow an access: an address to open, a line to paste."""

from __future__ import annotations

import sys

from dinobase.cli import diagnostics
from dinobase.core.settings import env
from dinobase.workspace.authorizing import Person


def person(*, browser: bool) -> Person:
    """Return how to reach whoever sits here; without a browser the answer is read from the standard input too."""
    wanted = browser and _has_screen()
    pasting = diagnostics.interactive() or not browser
    return Person(
        show=lambda url: _show(url, wanted=wanted, pasting=pasting),
        note=diagnostics.note,
        browse=_browse if wanted else None,
        paste=sys.stdin.readline if pasting and sys.stdin is not None else None,
    )


def _show(url: str, *, wanted: bool, pasting: bool) -> None:
    diagnostics.note("Your browser opens this address:" if wanted else "Open this address in a browser:")
    diagnostics.address(url)
    if pasting:
        diagnostics.note("If it ends on a page that does not load, paste that page's address here and press Enter.")


def _browse(url: str) -> bool:
    import webbrowser  # only here

    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False


def _has_screen() -> bool:
    """Keep browsers of a terminal out of it: they would take the place of the question."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(env(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
