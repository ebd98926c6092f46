"""Both languages say the same things, say them well, and say nothing that nobody asks for."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import tenuto
import tenuto.web
from tenuto.core.errors import Fault
from tenuto.govern.actions import Action
from tenuto.web.console.i18n.catalogue import Message, Translator, places_of, read_messages
from tenuto.web.console.i18n.faults import FOLDER, FaultText
from tenuto.web.errors import BUSY
from tenuto.web.words import Language

WEB = Path(tenuto.web.__file__).parent
ENGLISH, FRENCH = (read_messages(FOLDER / language.value) for language in Language)
OPENS_A_FAMILY = re.compile(r"""\bt\(\s*["']([a-z_.]+\.)["']\s*~""")
LITERAL = re.compile(r"""\bt\(\s*["']([a-z_.]+)["']\s*[,)]""")
# What French typography sets apart with a space that does not break.
BREAKABLE = re.compile(r" [;:!?»%]|« ")
STRAIGHT = re.compile(r"['\"]")


def _texts(message: Message) -> list[str]:
    return [message] if isinstance(message, str) else list(message.values())


def test_both_languages_have_the_same_keys_and_places() -> None:
    assert ENGLISH.keys() == FRENCH.keys()
    assert {key: places_of(text) for key, text in ENGLISH.items()} == {
        key: places_of(text) for key, text in FRENCH.items()
    }


def test_plural_forms_are_plural_in_both() -> None:
    for key, english in ENGLISH.items():
        assert isinstance(english, dict) == isinstance(FRENCH[key], dict), key
        if isinstance(english, dict):
            assert english.keys() == {"one", "other"}
            assert "count" in places_of(english)


@pytest.mark.parametrize("language", Language)
def test_a_key_begins_with_the_name_of_an_area_and_stands_in_one_file(language: Language) -> None:
    seen: set[str] = set()
    for file in (FOLDER / language.value).glob("*.json"):
        if file.name != "faults.json":
            keys = set(msgspec.json.decode(file.read_bytes()))
            assert not keys & seen
            seen |= keys
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", key) for key in seen)


def _used() -> tuple[set[str], set[str]]:
    """Return the keys and the beginnings of keys that templates and code name."""
    keys: set[str] = set()
    families: set[str] = set()
    for template in WEB.rglob("*.html"):
        text = template.read_text("utf-8")
        keys |= set(LITERAL.findall(text))
        families |= set(OPENS_A_FAMILY.findall(text))
    for source in WEB.rglob("*.py"):
        keys |= {text for text in _constants(source) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", text)}
    return keys, families


def _constants(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_key_that_a_template_names_exists() -> None:
    named = {key for template in WEB.rglob("*.html") for key in LITERAL.findall(template.read_text("utf-8"))}
    assert named - ENGLISH.keys() == set()
    _, families = _used()
    assert {family for family in families if not any(key.startswith(family) for key in ENGLISH)} == set()


def test_every_key_is_named_somewhere() -> None:
    keys, families = _used()
    idle = {key for key in ENGLISH if key not in keys and not key.startswith(tuple(families))}
    assert idle == set()


@pytest.mark.parametrize("key", sorted(FRENCH))
def test_french_is_set_as_french_is(key: str) -> None:
    for text in _texts(FRENCH[key]):
        assert not BREAKABLE.search(text), f"a space before the sign breaks: {text}"
        assert not STRAIGHT.search(text), f"a straight apostrophe or quote: {text}"


def _declared() -> dict[str, Fault]:
    modules = (module.name for module in pkgutil.walk_packages(tenuto.__path__, "tenuto."))
    return {
        fault.code: fault
        for name in modules
        if name.split(".")[-1] == "errors"
        for fault in vars(importlib.import_module(name)).values()
        if isinstance(fault, Fault)
    }


def test_every_fault_is_french_in_french_and_names_the_same_things() -> None:
    """What stands in backticks and braces, and names of settings, are things to type in any language."""
    french = Translator(Language.FRENCH)
    for code, fault in _declared().items():
        said = french.fault(fault)
        assert said is not None, code
        missing = _named(fault.summary + fault.fix) - _named(said.summary + said.fix)
        assert not missing, f"{code} does not name {missing} in French"


def _named(text: str) -> set[str]:
    return set(re.findall(r"`[^`]+`|\{[a-z_]+\}|TENUTO_[A-Z_]+", text))


def _prose(text: str) -> str:
    """Leave out what is typed: code has the quotes and spaces that it has."""
    return re.sub(r"`[^`]+`", "", text)


def test_what_is_said_of_faults_is_well_said_and_of_faults_that_exist() -> None:
    spoken = msgspec.json.decode((FOLDER / "fr" / "faults.json").read_bytes(), type=dict[str, FaultText])
    assert spoken.keys() - _declared().keys() == set()
    for code, said in spoken.items():
        for text in (said.summary, said.fix):
            assert not BREAKABLE.search(_prose(text)), text
            assert not STRAIGHT.search(_prose(text)), text
        assert not said.summary.endswith("."), code
        assert said.fix.endswith("."), code


def test_english_faults_speak_for_themselves() -> None:
    assert Translator(Language.ENGLISH).fault(BUSY) is None


def test_messages_are_filled_in_and_plurals_chosen() -> None:
    english, french = Translator(Language.ENGLISH), Translator(Language.FRENCH)
    assert english("entrance.owner.welcome", name="Ada") == "Welcome, Ada. This installation is yours now."
    hint = "entrance.owner.password_hint"
    assert english(hint, count=1).startswith("At least 1 character.")
    assert english(hint, count=12).startswith("At least 12 characters.")
    assert french(hint, count=0).startswith("Au moins 0 caractère.")
    assert french(hint, count=12_000).startswith("Au moins 12\u202f000 caractères.")


def test_an_unknown_key_and_an_empty_place_are_errors() -> None:
    t = Translator(Language.ENGLISH)
    for key, values in (("no.such_key", {}), ("entrance.owner.welcome", {})):
        with pytest.raises(KeyError):
            t(key, **values)


def test_every_right_is_said_in_both_languages() -> None:
    for action in Action:
        key = f"right.{action.value.replace(':', '.')}"
        assert ENGLISH[key] == action.phrase
        assert FRENCH[key] != action.phrase
