"""Reasons that other rooms record as English sentences, said in the reader's language.

The English messages are the sentences as they are recorded, with places for what differs; whichever fits a sentence
is said in the other language. A sentence that no message fits is shown as it is, marked as English.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from tenuto.web.console.i18n.catalogue import Message, Translator, read_messages
from tenuto.web.console.i18n.faults import FOLDER
from tenuto.web.words import Language

# The first that fits is taken, so the longer ones stand before those that they hold.
_KEYS = (
    "reason.cache.step",
    "reason.cache.version",
    "reason.cache.seed",
    "reason.cache.code",
    "reason.cache.environment",
    "reason.cache.input_changed",
    "reason.cache.input_new",
    "reason.cache.input_gone",
    "reason.cache.parameter_changed",
    "reason.cache.parameter_new",
    "reason.cache.parameter_gone",
    "reason.cache.first",
    "reason.cache.same",
    "reason.cache.gone",
    "reason.cache.off",
    "reason.gate.undeclared",
    "reason.gate.gate",
    "reason.gate.format",
    "reason.gate.formats",
    "reason.gate.evidence",
    "reason.gate.evidence_missing",
    "reason.gate.metric",
    "reason.gate.unmeasured_between",
    "reason.gate.unmeasured_min",
    "reason.gate.unmeasured_max",
    "reason.gate.between",
    "reason.gate.min",
    "reason.gate.max",
)
_PLACE = re.compile(r"\\\{([a-z_]+)\\\}")


class Reasons:
    """Says recorded sentences in one language: ``reason("code changed")``."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._foreign = translator.language is not Language.ENGLISH
        recorded = read_messages(FOLDER / Language.ENGLISH.value) if self._foreign else {}
        self._patterns = [(key, _pattern(recorded[key])) for key in _KEYS if key in recorded]

    def __call__(self, sentence: str) -> Markup:
        if not self._foreign:
            return escape(sentence)
        for key, pattern in self._patterns:
            if found := pattern.fullmatch(sentence):
                return escape(self._translator(key, **found.groupdict()))
        return Markup('<span lang="en">{}</span>').format(sentence)


def _pattern(message: Message) -> re.Pattern[str]:
    assert isinstance(message, str), "a recorded sentence has no plural"
    return re.compile(_PLACE.sub(r"(?P<\1>.+?)", re.escape(message)), re.DOTALL)
