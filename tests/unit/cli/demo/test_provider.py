"""Which real provider ``--provider`` means: found by its own SDK's variables, asked for its models, or refused."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenuto.cli.demo.errors import (
    MODEL_UNKNOWN,
    PROVIDER_ANSWERS_NOT,
    PROVIDER_KEY_MISSING,
    PROVIDER_UNKNOWN,
)
from tenuto.cli.demo.provider import Provider, find_provider
from tenuto.cli.demo.simulators import simulator
from tenuto.core.errors import Fault, TenutoError

KEY = secrets.token_hex(16)
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The shipped simulator, posing as whichever provider it is asked to be."""
    with simulator(tmp_path_factory.mktemp("posing") / "log.jsonl", KEY) as posing:
        yield posing.address


@pytest.fixture(scope="module")
def open_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that asks for no key, as a local server of models does."""
    with simulator(tmp_path_factory.mktemp("open") / "log.jsonl", "no key is needed") as posing:
        yield posing.address


def test_the_provider_is_found_where_its_own_sdk_would_look(address: str) -> None:
    given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{address}/v1/"}
    found = find_provider("openai", "sim-small", given)
    assert found == Provider("openai", "openai", f"{address}/v1", True, "sim-small", KEY)
    assert found.is_private


def test_an_address_without_a_version_gets_one(address: str) -> None:
    given = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": address}
    found = find_provider("anthropic", "sim-large", given)
    assert (found.base_url, found.dialect, found.model) == (f"{address}/v1", "anthropic", "sim-large")


@pytest.mark.parametrize("spelling", ["http://{host}", "{host}"])
def test_a_local_server_needs_no_key_and_gives_its_first_model(open_address: str, spelling: str) -> None:
    host = open_address.removeprefix("http://")
    found = find_provider("ollama", environment={"OLLAMA_HOST": spelling.format(host=host)})
    assert (found.base_url, found.model, found.key) == (f"{open_address}/v1", "sim-small", None)


@pytest.mark.parametrize("name", KEYS)
def test_without_a_key_the_variable_is_named(name: str) -> None:
    error = _refused(name, {}, PROVIDER_KEY_MISSING)
    assert KEYS[name] in error.detail
    assert "Set the variable" in error.fault.fix


def test_an_empty_key_is_none() -> None:
    _refused("openai", {"OPENAI_API_KEY": ""}, PROVIDER_KEY_MISSING)


def test_an_unknown_provider_is_told_who_is_known() -> None:
    assert "ollama" in _refused("acme", {}, PROVIDER_UNKNOWN).detail


@pytest.mark.parametrize("name", KEYS)
def test_a_wrong_key_is_refused_and_not_repeated(name: str, address: str) -> None:
    wrong = secrets.token_hex(16)
    variables = {KEYS[name]: wrong, KEYS[name].replace("_API_KEY", "_BASE_URL"): address}
    error = _refused(name, variables, PROVIDER_ANSWERS_NOT)
    assert address in error.detail
    assert wrong not in error.detail


def test_nobody_at_the_address_is_told(tmp_path: Path) -> None:
    with simulator(tmp_path / "log.jsonl", KEY) as gone:
        address = gone.address
    assert address in _refused("ollama", {"OLLAMA_HOST": address}, PROVIDER_ANSWERS_NOT).detail


def test_a_model_that_is_not_offered_is_refused_with_those_that_are(address: str) -> None:
    given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{address}/v1"}
    assert "sim-small" in _refused("openai", given, MODEL_UNKNOWN, "gpt-0").detail
    assert "sim-small" in _refused("openai", given, MODEL_UNKNOWN).detail


def test_the_key_is_not_shown(address: str) -> None:
    given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{address}/v1"}
    assert KEY not in repr(find_provider("openai", "sim-small", given))


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost:11434/v1", True),
        ("http://10.0.0.7/v1", True),
        ("http://[::1]:11434/v1", True),
        ("https://api.example.com/v1", False),
        ("https://8.8.8.8/v1", False),
    ],
)
def test_a_private_address_is_known_as_one(address: str, private: bool) -> None:
    assert Provider("x", "x", address, True, "m", None).is_private is private


def _refused(name: str, environment: dict[str, str], fault: Fault, model: str = "") -> TenutoError:
    with pytest.raises(TenutoError) as refused:
        find_provider(name, model, environment)
    assert refused.value.fault is fault
    return refused.value
