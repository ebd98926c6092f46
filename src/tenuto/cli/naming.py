"""How things are named on the command line: NAME@VERSION, KIND/NAME, kinds in any spelling."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from tenuto.cli.errors import KIND_UNKNOWN, NAME_MALFORMED
from tenuto.client.api import Tenuto
from tenuto.client.words import Kind
from tenuto.core.errors import TenutoError

_VERSIONED = re.compile(r"(?P<name>[^@]+)(?:@(?P<version>[0-9]{1,9}))?")


def versioned(text: str) -> tuple[str, int | None]:
    """Read ``NAME`` or ``NAME@VERSION``."""
    found = _VERSIONED.fullmatch(text)
    if found is None:
        raise TenutoError(NAME_MALFORMED, f"`{text}` is not NAME or NAME@VERSION")
    return found["name"], int(found["version"]) if found["version"] else None


def exactly_versioned(text: str) -> tuple[str, int]:
    """Read ``NAME@VERSION``."""
    name, version = versioned(text)
    if version is None:
        raise TenutoError(NAME_MALFORMED, f"`{text}`: say which version, `{name}@VERSION`")
    return name, version


def kind_and_name(text: str) -> tuple[str, str]:
    """Read ``KIND/NAME``."""
    kind, slash, name = text.partition("/")
    if not kind or not slash or not name:
        raise TenutoError(NAME_MALFORMED, f"`{text}` is not KIND/NAME")
    return kind, name


def folded(text: str) -> str:
    """Return the spelling under which `Route`, `routes` and `ROUTE` are one."""
    small = text.lower().replace("-", "").replace("_", "")
    if small.endswith("ies"):
        return small[:-3] + "y"
    return small.removesuffix("s")


def find_kind(client: Tenuto, text: str, besides: Sequence[str] = ()) -> Kind:
    """Return the kind of declared things that ``text`` means. ``besides`` are other words that were possible."""
    kinds = {folded(kind.name): kind for kind in client.resources.kinds()}
    found = kinds.get(folded(text))
    if found is None:
        known = [*(kind.name for kind in kinds.values()), *besides]
        nearest = difflib.get_close_matches(folded(text), map(folded, known), n=1, cutoff=0.5)
        meant = next((name for name in known if folded(name) in nearest), None)
        hint = f"did you mean `{meant}`?" if meant else f"known: {', '.join(known)}"
        raise TenutoError(KIND_UNKNOWN, f"`{text}`: {hint}")
    return found
