"""The messages of the console: one folder per language, one JSON file per area, flat keys.

A value is a text with ``{named}`` places, or an object of plural forms chosen by ``count``:

    "runs.waiting": {"one": "{count} run waits", "other": "{count} runs wait"}
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
from babel import Locale

from tenuto.core.errors import Fault
from tenuto.web.console.i18n.faults import FILE, FOLDER, FaultText, fault_text
from tenuto.web.console.i18n.formats import Formats
from tenuto.web.words import Language

Message = str | dict[str, str]
_PLACE = re.compile(r"\{([a-z_]+)\}")


class Translator:
    """Says things in one language: ``t("runs.waiting", count=3)``.

    An unknown key and a place left empty are errors: a page never shows the name of a key.
    """

    def __init__(self, language: Language, folder: Path = FOLDER) -> None:
        self.language = language
        self.locale = Locale(language.value)
        self.formats = Formats(self.locale)
        self.messages = read_messages(folder / language.value)
        self._folder = folder

    def __call__(self, key: str, **values: Any) -> str:
        message = self.messages[key]
        text = message if isinstance(message, str) else self._plural(message, values["count"])
        return _PLACE.sub(lambda place: self._shown(values[place[1]]), text)

    def fault(self, fault: Fault) -> FaultText | None:
        """Return what a fault is called in this language, or None: then its English is shown, marked so."""
        return fault_text(fault, self.language, self._folder)

    def _plural(self, forms: dict[str, str], count: int) -> str:
        return forms.get(self.locale.plural_form(count), forms["other"])

    def _shown(self, value: Any) -> str:
        return self.formats.number(value) if isinstance(value, int) else str(value)


def places_of(message: Message) -> set[str]:
    """Return the names of the places that a message leaves open."""
    texts = [message] if isinstance(message, str) else message.values()
    return {name for text in texts for name in _PLACE.findall(text)}


def read_messages(folder: Path) -> dict[str, Message]:
    messages: dict[str, Message] = {}
    for file in sorted(folder.glob("*.json")):
        if file.name != FILE:
            messages |= msgspec.json.decode(file.read_bytes(), type=dict[str, Message])
    return messages
