"""The template engine: autoescape always on, an unknown name is an error, one environment per language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from jinja2.runtime import Macro
from markupsafe import Markup, escape

from tenuto.web.console.i18n.catalogue import Translator
from tenuto.web.console.i18n.reasons import Reasons
from tenuto.web.console.statics import Statics
from tenuto.web.words import Language

FOLDER = Path(__file__).parent / "templates"
PARTS = "components/"
_CODE = re.compile(r"`([^`]+)`")
_CELL = re.compile(r"<(td|th)\b")


class Templates:
    """Renders templates and named blocks of them. ``folders`` are searched in order."""

    def __init__(self, statics: Statics, folders: tuple[Path, ...], messages: Path) -> None:
        compiled = _Compiled()
        self._environments = {
            language: _environment(Translator(language, messages), statics, folders, compiled)
            for language in Language
        }

    def translator(self, language: Language) -> Translator:
        translator: Translator = self._environments[language].globals["t"]  # type: ignore[assignment]
        return translator

    def render(self, language: Language, name: str, values: dict[str, Any]) -> str:
        return self._environments[language].get_template(name).render(values)

    def render_block(self, language: Language, name: str, block: str, values: dict[str, Any]) -> str:
        """Render one ``{% block %}`` of a template alone, as htmx asks for."""
        template = self._environments[language].get_template(name)
        context = template.new_context(values)
        return "".join(template.blocks[block](context))


class _Compiled(BytecodeCache):
    """What was compiled for one language serves all: languages differ in what they are given, not in code."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = (bucket.checksum, bucket.code)


def code_spans(text: str) -> Markup:
    """Show what stands in backticks as code, as sentences of errors have it; the rest is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped on this very line


def labelled(cells: Markup, columns: Sequence[str]) -> Markup:
    """Give the cells of a row the names of their columns, and the roles that a changed layout would take away."""
    names = iter(columns)

    def named(tag: re.Match[str]) -> str:
        role = "rowheader" if tag[1] == "th" else "cell"
        label = escape(next(names, "").removeprefix("#"))
        return f'<{tag[1]} role="{role}" data-label="{label}"'

    return Markup(_CELL.sub(named, str(cells)))  # noqa: S704  # markup before, and every label is escaped


def sentence(text: str) -> str:
    """Begin a phrase with a capital, for it stands alone."""
    return text[:1].upper() + text[1:]


def _environment(
    translator: Translator, statics: Statics, folders: tuple[Path, ...], compiled: BytecodeCache
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        bytecode_cache=compiled,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = SimpleNamespace()
    shared = {"t": translator, "fmt": translator.formats, "static": statics.address, "ui": parts}
    environment.globals.update(shared, reason=Reasons(translator))
    environment.filters.update({"code_spans": code_spans, "labelled": labelled, "sentence": sentence})
    _load_parts(environment, parts)
    return environment


def _load_parts(environment: Environment, parts: SimpleNamespace) -> None:
    """Make every macro of the component files known as ``ui.name``, in whole pages and in fragments alike."""
    for name in environment.list_templates(filter_func=lambda name: name.startswith(PARTS)):
        module = environment.get_template(name).module
        macros = {key: value for key, value in vars(module).items() if isinstance(value, Macro)}
        twice = macros.keys() & vars(parts).keys()
        assert not twice, f"{name}: declared before: {sorted(twice)}"
        vars(parts).update(macros)
