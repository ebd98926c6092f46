"""A real provider for the demo's model calls: who they are, where, and with which of their models.

The variables are those that the providers' own SDKs read, and they are read in the settings only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tenuto.app.settings import read_foreign
from tenuto.cli.demo.errors import (
    MODEL_UNKNOWN,
    PROVIDER_ANSWERS_NOT,
    PROVIDER_KEY_MISSING,
    PROVIDER_UNKNOWN,
)
from tenuto.core.errors import TenutoError

_SECONDS = 15.0
_SHOWN = 12  # models that an error lists


class Provider(msgspec.Struct, frozen=True):
    """Where calls go and with which model. ``key`` is None where the provider takes none."""

    name: str
    dialect: str
    base_url: str
    is_own_address: bool  # not the one that the shipped profile knows
    model: str
    key: str | None

    def __repr__(self) -> str:
        return f"Provider({self.name!r}, {self.base_url!r}, {self.model!r})"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.base_url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def is_private(self) -> bool:
        """Tell whether the host is this machine or one of a private network."""
        if self.host == "localhost":
            return True
        try:
            return not ipaddress.ip_address(self.host).is_global
        except ValueError:
            return False


class _Known(msgspec.Struct, frozen=True):
    """``key`` and ``address`` name variables; ``base`` makes a base URL of what the address's variable holds."""

    dialect: str
    key: str | None
    address: str
    default: str
    base: Callable[[str], str]
    list_models: Callable[[str, str], list[str]]
    preferred: Sequence[str] = ()


def find_provider(name: str, model: str = "", environment: Mapping[str, str] | None = None) -> Provider:
    """Return the provider that is meant, having asked it for its models. Raises before anything is started."""
    known = _KNOWN.get(name)
    if known is None:
        raise TenutoError(PROVIDER_UNKNOWN, f"{name!r}; known: {', '.join(_KNOWN)}")
    names = [known.address, *([known.key] if known.key else [])]
    given = read_foreign(names, environment)
    key = given.get(known.key) if known.key else None
    if known.key and not key:
        raise TenutoError(PROVIDER_KEY_MISSING, f"{known.key} is not set")
    base_url = known.base(given.get(known.address) or known.default)
    offered = _offered(known, base_url, key)
    return Provider(
        name=name,
        dialect=known.dialect,
        base_url=base_url,
        is_own_address=base_url != known.base(known.default) or not known.key,
        model=_chosen(known, model, offered),
        key=key,
    )


def _offered(known: _Known, base_url: str, key: str | None) -> list[str]:
    try:
        offered = known.list_models(base_url, key or "no key is needed")
    except Exception as error:
        # Each SDK has errors of its own, and whatever it was, there is no provider to go on with.
        raise TenutoError(PROVIDER_ANSWERS_NOT, f"{base_url}: {type(error).__name__}: {error}") from error
    if not offered:
        raise TenutoError(PROVIDER_ANSWERS_NOT, f"{base_url}: it lists no model")
    return offered


def _chosen(known: _Known, model: str, offered: Sequence[str]) -> str:
    if model:
        if model not in offered:
            raise TenutoError(MODEL_UNKNOWN, f"{model!r}; offered: {_some(offered)}")
        return model
    for preferred in known.preferred:
        for one in offered:
            if one.startswith(preferred):
                return one
    if known.preferred and known.key:
        raise TenutoError(MODEL_UNKNOWN, f"none of the demo's own choice; offered: {_some(offered)}")
    return offered[0]


def _some(offered: Sequence[str]) -> str:
    rest = len(offered) - _SHOWN
    return ", ".join(offered[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _as_openai(base_url: str, key: str) -> list[str]:
    import openai

    with openai.OpenAI(base_url=base_url, api_key=key, timeout=_SECONDS, max_retries=0) as client:
        return _identities(client.models.list())


def _as_anthropic(base_url: str, key: str) -> list[str]:
    import anthropic

    root = base_url.removesuffix("/v1")
    with anthropic.Anthropic(base_url=root, api_key=key, timeout=_SECONDS, max_retries=0) as client:
        return _identities(client.models.list())


def _identities(models: Any) -> list[str]:
    return [str(one.id) for one in models]


def _plain(address: str) -> str:
    return address.rstrip("/")


def _with_version(address: str) -> str:
    return f"{_plain(address).removesuffix('/v1')}/v1"


def _of_host(address: str) -> str:
    """Make a base URL of a host as Ollama has it named: with or without scheme and port, or `0.0.0.0`."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    host = parts.hostname or "127.0.0.1"
    host = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 (compared, nothing is bound)
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}:{parts.port or _OLLAMA_PORT}/v1"


_OLLAMA_PORT = 11434

_KNOWN: Mapping[str, _Known] = {
    "openai": _Known(
        "openai",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "https://api.openai.com/v1",
        _plain,
        _as_openai,
        ("gpt-4.1-nano", "gpt-4o-mini", "gpt-5-nano", "gpt-"),
    ),
    "anthropic": _Known(
        "anthropic",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "https://api.anthropic.com",
        _with_version,
        _as_anthropic,
        ("claude-haiku", "claude-3-5-haiku", "claude-"),
    ),
    "ollama": _Known("openai", None, "OLLAMA_HOST", "127.0.0.1", _of_host, _as_openai),
}
