"""How many tokens a text will cost a model, without a tokenizer: never less, on all that was measured.

Counts what tokenizers split at: words, groups of three digits, signs. Calibrated on o200k with the answers of
bench/tokens and on hostile texts (hashes, base64, scripts without spaces); a test counts them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PIECES = re.compile(r"[A-Za-z]?[a-z]+|[A-Z]+|\d+|[^\sA-Za-z\d]+|\n\s*|[ \t]{2,}|(?<![A-Za-z]) (?=\S)")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{4,}")
_WORD = 5  # letters a token of usual words
MARGIN = 1.05


def estimate_tokens(text: str) -> int:
    """Return an upper estimate."""
    return int(sum(_costs(text)) * MARGIN) + 1 if text else 0


def exceeds(text: str, budget: int) -> bool:
    """Say whether a text is estimated at more; looks no further than it must."""
    used = 0.0
    for cost in _costs(text):
        used += cost
        if used * MARGIN >= budget:
            return True
    return False


def _costs(text: str) -> Iterator[float]:
    before = ""
    for found in _PIECES.finditer(text):
        piece = found[0]
        yield _cost(piece, before)
        before = piece


def _cost(piece: str, before: str) -> float:
    first = piece[0]
    if first.isascii() and first.isalpha():
        return _letters(piece, glued=before[-1:].isdigit())
    if first.isdigit() and first.isascii():
        return (len(piece) + 2) // 3
    if first.isspace():
        return 1
    if piece.isascii():
        return max(1, len(piece) * 0.7)
    return sum(0.7 if mark < "\u0800" else 1 if mark < "\U00010000" else 2 for mark in piece)


def _letters(piece: str, *, glued: bool) -> float:
    """Words are cheap; what follows a digit, capitals and heaps of consonants are the pieces of keys and hashes."""
    if len(piece) == 1:
        return 1
    if glued:
        return 1 + (len(piece) - 1) / 1.6
    if piece.isupper():
        return len(piece) / 1.8
    return 1 + (len(piece) - 1) // _WORD + sum(len(heap) for heap in _CONSONANTS.findall(piece)) / 1.8
