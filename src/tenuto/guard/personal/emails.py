"""E-mail addresses, found from their ``@`` outwards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tenuto.guard.personal.alphabet import LETTERS
from tenuto.guard.personal.words import Entity, Evidence, Finding

_LONGEST_LOCAL = 64
# No rule on what follows: a domain seen once is then seen wherever its characters occur.
_DOMAIN = re.compile(
    rf"@((?:[0-9_{LETTERS}\-]{{1,63}}+\.){{1,8}}(?:xn--[0-9A-Za-z\-]{{2,59}}|[{LETTERS}]{{2,63}}))"
)
_REVERSED_LOCAL = re.compile(rf"[0-9_{LETTERS}.%+'\-]{{1,{_LONGEST_LOCAL}}}")
_OPENING = "'.-"  # a quotation mark or a bullet before the address, never its first character
_SCALED_IMAGE = re.compile(r"[1-9]x\.(?:png|jpe?g|gif|webp|svg|avif)", re.IGNORECASE)  # logo@2x.png
_GIT_HOSTS = frozenset({"git@github.com", "git@gitlab.com", "git@bitbucket.org"})
_NOT_PERSONAL = 0.1


def find_emails(text: str) -> Iterator[Finding]:
    for match in _DOMAIN.finditer(text):
        start = _start_of_local(text, match.start())
        if start < match.start():
            score = _score(text[start : match.end()], match[1])
            yield Finding(Entity.EMAIL, start, match.end(), score, Evidence.FORMAT)


def _start_of_local(text: str, at: int) -> int:
    """Return where the part before the ``@`` starts, or ``at`` when there is none."""
    before = text[max(0, at - _LONGEST_LOCAL) : at]
    local = _REVERSED_LOCAL.match(before[::-1])
    if local is None:
        return at
    return at - len(before[len(before) - local.end() :].lstrip(_OPENING))


def _score(address: str, domain: str) -> float:
    if address in _GIT_HOSTS or _SCALED_IMAGE.fullmatch(domain):
        return _NOT_PERSONAL
    return 0.95
