"""Every route as somebody unknown would try it. Tests send these and expect to be refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from tenuto.web.registry.words import Route, Surface

_PARAMETER = re.compile(r"\{[^}]*\}")
SAMPLE = "00000000-0000-7000-8000-000000000000"


class Attempt(msgspec.Struct, frozen=True):
    """A request without credential, and the statuses that count as a refusal of it."""

    method: str
    path: str
    refusals: frozenset[int]
    route: Route


def anonymous_attempts(routes: Iterable[Route]) -> Iterator[Attempt]:
    """Yield one attempt for each route that is not public. A console page may refuse by asking to sign in."""
    for route in routes:
        if route.public is None:
            asks_to_sign_in = route.surface is Surface.CONSOLE and route.is_safe
            refusals = frozenset({303}) if asks_to_sign_in else frozenset({401})
            yield Attempt(route.method, _PARAMETER.sub(SAMPLE, route.path), refusals, route)
