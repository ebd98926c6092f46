"""The glossary says each word once, and knows every word that the core gives to all rooms."""

from __future__ import annotations

import inspect
import re

import tenuto.core.words
from architecture.rules import BANNED_WORDS
from docs.pages import page

ROW = re.compile(r"^\| (?P<word>[A-Z][A-Za-z -]+) \| (?P<meaning>.+) \|$", re.MULTILINE)
NOUNS = {"Resource", "Artifact", "Run", "Event", "Verdict"}


def _entries() -> list[tuple[str, str]]:
    rows = [(row["word"], row["meaning"]) for row in ROW.finditer(page("docs/glossary.md").text)]
    return [(word, meaning) for word, meaning in rows if word != "Word"]


def test_each_word_has_one_meaning_in_whole_sentences() -> None:
    words = [word.lower() for word, _ in _entries()]
    assert sorted(words) == sorted(set(words))
    assert [word for word, meaning in _entries() if not meaning.endswith(".")] == []


def test_the_five_nouns_are_explained() -> None:
    assert {word for word, _ in _entries()} >= NOUNS


def test_the_words_of_the_core_are_explained() -> None:
    module = tenuto.core.words
    classes = [
        name
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
    ]
    known = {word.replace(" ", "") for word, _ in _entries()}
    missing = [name for name in classes if name.removesuffix("Kind") not in known]
    assert not missing, f"tenuto.core.words exports {missing}; explain them in docs/glossary.md"


def test_words_that_the_code_avoids_are_not_taught() -> None:
    assert not BANNED_WORDS & {word.lower() for word, _ in _entries()}
