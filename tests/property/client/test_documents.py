"""What a client writes as YAML, it reads as the same value, whatever the value is."""

from __future__ import annotations

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tenuto.client.documents import write_value
from tenuto.client.errors import YAML_BROKEN
from tenuto.client.yaml_core import plain_value, read_yaml
from tenuto.core.errors import TenutoError

TEXT = st.text(st.characters(codec="utf-8"))
WORDS = st.text("-+.0123456789eEoxXabcdefinNFTrutslyYO~:_", max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | TEXT | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@example("\x85")
@example("a\u2028b")
@example(" leading\n\ttab \n")
@example("\nfirst line empty")
@example({"<<": "=", "no": "0o7"})
def test_written_and_read_is_the_same(value: object) -> None:
    [found] = read_yaml(write_value({"held": value}).encode(), "x.yaml")
    assert found.value == {"held": value}
    assert repr(found.value["held"]) == repr(value)


@given(WORDS)
def test_a_word_that_is_written_plain_is_text_in_both_versions(word: str) -> None:
    written = write_value({"held": word})
    if "'" not in written and '"' not in written:
        assert plain_value(word) == word
        assert yaml.safe_load(written) == {"held": word}


@given(st.binary(max_size=200) | TEXT.map(str.encode))
def test_any_bytes_are_read_or_refused_with_their_place(content: bytes) -> None:
    assert _outcome(content) in {"read", YAML_BROKEN.code}


def _outcome(content: bytes) -> str:
    try:
        read_yaml(content, "x.yaml")
    except TenutoError as error:
        return error.fault.code if error.detail.startswith("x.yaml:") else error.detail
    return "read"
