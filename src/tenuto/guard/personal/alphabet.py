r"""The character classes the patterns share, and where a token may begin and end.

``\w`` would take in every script: in Chinese or Thai, which write no spaces, the character beside a number
would then hide it. Only scripts that put spaces between words count as neighbours.
"""

from __future__ import annotations

LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u052f"  # Latin with accents, Greek, Cyrillic
WORD = f"[0-9_{LETTERS}]"
NOT_AFTER_WORD = f"(?!{WORD})"


def not_inside_word(token: str) -> str:
    """Return the condition that what was just matched, ``token``, has no letter or digit before it."""
    return f"(?<!{WORD}{token})"
