"""Templates keep what the security policy and the translators count on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from fixtures.gallery.routes import HOSTILE
from tenuto.web.console.i18n.faults import FOLDER as MESSAGES
from tenuto.web.console.statics import Statics
from tenuto.web.console.templates import FOLDER, Templates, code_spans, labelled, sentence
from tenuto.web.words import Language

TEMPLATES = sorted(FOLDER.rglob("*.html"))
FORBIDDEN = {
    "a filter that switches escaping off": r"\|\s*safe\b|autoescape\s+false|Markup",
    "inline style": r"\sstyle\s*=|<style",
    "inline script": r"<script(?![^>]*\ssrc=)",
    "an event handler": r"\son[a-z]+\s*=",
    "script for htmx": r"hx-on|\bjs:|hx-vals\s*=\s*[\"']js",
    "an address elsewhere": r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//",
}
# What stands between tags and is not a hole for a value: it has to come from the catalogue.
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TAG = re.compile(r"<[^<>]*>")
ATTRIBUTE = re.compile(r"\s[a-z-]+=\"[^\"]*\"")  # made by a macro within a tag


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_template_brings_nothing_that_the_policy_refuses(template: Path, what: str) -> None:
    assert not re.search(FORBIDDEN[what], template.read_text("utf-8")), what


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_word_comes_from_the_catalogue(template: Path) -> None:
    bare = ATTRIBUTE.sub("", TAG.sub("", JINJA.sub("", template.read_text("utf-8"))))
    assert set(re.findall(r"[A-Za-zÀ-ÿ]{2,}", bare)) <= {"Tenuto"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_form_that_changes_something_goes_through_the_macro(template: Path) -> None:
    if template.name != "forms.html":
        assert "<form" not in template.read_text("utf-8")


def test_hostile_text_stays_text_everywhere(ada: Any) -> None:
    page = ada.get("/hostile").text
    assert HOSTILE not in page
    assert "&lt;script&gt;window.ran=1&lt;/script&gt;" in page
    assert "49" not in re.findall(r"\{\{7\*7\}\}|>49<", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<img", page)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "forgetful.html").write_text("{{ nobody_gave_me }}")
    (folder / "parted.html").write_text(
        "before{% block part %}{{ ui.icon('home') }}{{ x }}{% endblock %}after"
    )
    return Templates(Statics(), (folder, FOLDER), MESSAGES)


def test_a_forgotten_value_is_an_error(engine: Templates) -> None:
    with pytest.raises(UndefinedError):
        engine.render(Language.ENGLISH, "forgetful.html", {})


def test_a_block_is_rendered_alone_and_knows_the_parts(engine: Templates) -> None:
    part = engine.render_block(Language.FRENCH, "parted.html", "part", {"x": "<&>"})
    assert part.startswith("<svg")
    assert part.endswith("&lt;&amp;&gt;")
    assert "before" not in part


def test_code_in_sentences_is_marked_and_the_rest_escaped() -> None:
    shown = code_spans("run `tenuto up <b>` & wait")
    assert shown == Markup("run <code>tenuto up &lt;b&gt;</code> &amp; wait")
    assert sentence("the end") == "The end"
    assert sentence("") == ""


def test_cells_carry_the_names_of_their_columns_for_narrow_windows() -> None:
    cells = Markup(
        '<th scope="row"><a href="/x">&lt;td&gt;</a></th><td class="number">3<time>now</time></td><td></td>'
    )
    assert labelled(cells, ["Name", '#"Rows"', ""]) == (
        '<th role="rowheader" data-label="Name" scope="row"><a href="/x">&lt;td&gt;</a></th>'
        '<td role="cell" data-label="&#34;Rows&#34;" class="number">3<time>now</time></td>'
        '<td role="cell" data-label=""></td>'
    )
