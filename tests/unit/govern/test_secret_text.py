from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import msgspec
import pytest

from tenuto.govern.secret_text import SecretText

pytestmark = pytest.mark.capability("C8")

CANARY = "canary-7f3a"
SECRET = SecretText(CANARY)


class Holder(msgspec.Struct, frozen=True):
    name: str
    secret: SecretText


def test_only_reveal_shows_it() -> None:
    assert SECRET.reveal() == CANARY
    shown = [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r:>12}", f"{SECRET:>12}", repr([SECRET])]
    assert not any(CANARY in text for text in shown)
    assert str(Holder("a", SECRET)) == "Holder(name='a', secret=[secret])"
    assert not hasattr(SECRET, "__dict__")


@pytest.mark.parametrize(
    "encode",
    [
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
    ],
)
def test_nothing_encodes_pickles_or_copies_it(encode: object) -> None:
    with pytest.raises(TypeError) as caught:
        encode(SECRET)  # type: ignore[operator]
    assert CANARY not in str(caught.value)
    with pytest.raises(TypeError):
        msgspec.json.encode(Holder("a", SECRET))


def test_logs_and_tracebacks_do_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("holding %s and %r", SECRET, Holder("a", SECRET))
    assert CANARY not in caplog.text

    def fails(secret: SecretText) -> None:
        raise ValueError(secret)

    try:
        fails(SECRET)
    except ValueError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert CANARY not in "".join(report.format())


def test_secrets_compare_with_secrets_only() -> None:
    assert SecretText(CANARY) == SECRET
    assert SecretText("other") != SECRET
    assert CANARY != SECRET
    with pytest.raises(TypeError):
        hash(SECRET)
