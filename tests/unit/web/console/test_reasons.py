"""What other rooms record in English is said in French."""

from __future__ import annotations

import pytest

from tenuto.pipelines.rules.keys import Difference
from tenuto.web.console.i18n.catalogue import Translator
from tenuto.web.console.i18n.reasons import Reasons
from tenuto.web.words import Language

FRENCH = Reasons(Translator(Language.FRENCH))


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        (str(Difference("code", "a", "b")), "le code a changé"),
        (str(Difference("input `rows`", None, "b")), "l’entrée `rows` est nouvelle"),
        (str(Difference("parameter `n`", "a", None)), "le paramètre `n` n’existe plus"),
        ("0.75; wanted at least 0.8", "0.75\u202f; demandé\u00a0: au moins 0.8"),
        (
            "0.75; wanted at least 0.8 and at most 1.0",
            "0.75\u202f; demandé\u00a0: au moins 0.8 et au plus 1.0",
        ),
        ("not measured; wanted at most 3.0", "non mesuré\u202f; demandé\u00a0: au plus 3.0"),
        ("onnx; allowed: onnx, sklearn-skops", "onnx\u202f; admis\u00a0: onnx, sklearn-skops"),
    ],
)
def test_a_recorded_reason_is_said_in_french(sentence: str, said: str) -> None:
    assert str(FRENCH(sentence)) == said


def test_what_is_not_known_is_marked_as_english_and_harmless() -> None:
    assert str(FRENCH("<b>new</b>")) == '<span lang="en">&lt;b&gt;new&lt;/b&gt;</span>'
    assert str(FRENCH("input `<b>` changed")) == "l’entrée `&lt;b&gt;` a changé"


def test_english_is_shown_as_it_was_recorded() -> None:
    assert str(Reasons(Translator(Language.ENGLISH))("code changed & more")) == "code changed &amp; more"
