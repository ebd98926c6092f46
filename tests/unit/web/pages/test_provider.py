"""What the guide says before it declares a provider."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.declared.errors import PROVIDER_INVALID
from tenuto.web.pages.start.forms import ProviderForm
from tenuto.web.pages.start.provider import documents_of, propose
from tenuto.web.services import ProviderChoice

SERVICES: Any = SimpleNamespace(
    choices=(
        ProviderChoice("chat", "acme", "https://api.acme.example/v1"),
        ProviderChoice("chat", "own", ""),
    ),
    known_hosts=frozenset({("api.acme.example", 443)}),
)


def _form(choice: str = "chat/own", base_url: str = "", **more: Any) -> ProviderForm:
    return ProviderForm(choice=choice, name="main", base_url=base_url, **more)


def test_a_known_host_needs_no_rule() -> None:
    proposal = propose(SERVICES, _form("chat/acme", keyed=True))
    assert not proposal.needs_rule
    [document] = documents_of(SERVICES, proposal)
    assert (document.kind, document.spec["secret"]) == ("Provider", "main-key")


@pytest.mark.parametrize(
    ("base_url", "private", "plain"),
    [
        ("http://127.0.0.1:11434/v1", True, True),
        ("http://[::1]:8000/v1", True, True),
        ("http://localhost:8000", True, True),
        ("https://gpu.lan/v1", True, False),
        ("https://models.example.org/v1", False, False),
        ("https://8.8.8.8/v1", False, False),
    ],
)
def test_another_host_needs_a_rule_and_is_told_apart_by_its_name(
    base_url: str, private: bool, plain: bool
) -> None:
    proposal = propose(SERVICES, _form(base_url=base_url))
    assert (proposal.needs_rule, proposal.private, proposal.plain) == (True, private, plain)


def test_the_rule_says_what_the_reader_confirmed_not_what_was_guessed() -> None:
    proposal = propose(SERVICES, _form(base_url="http://127.0.0.1:9/v1", private=False, confirmed=True))
    provider, rule = documents_of(SERVICES, proposal)
    assert provider.spec["secret"] is None
    assert rule.spec == {"host": "127.0.0.1", "port": 9, "private": False}


def test_a_known_host_without_tls_is_another_door() -> None:
    assert propose(SERVICES, _form(base_url="http://api.acme.example:443/v1")).needs_rule


@pytest.mark.parametrize("form", [_form("chat/nobody"), _form("chat/own")])
def test_what_cannot_be_called_is_refused_by_name(form: ProviderForm) -> None:
    with pytest.raises(TenutoError) as refused:
        propose(SERVICES, form)
    assert refused.value.fault is PROVIDER_INVALID
