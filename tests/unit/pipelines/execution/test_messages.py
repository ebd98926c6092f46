from __future__ import annotations

import socket

import pytest

from tenuto.core.errors import TenutoError
from tenuto.core.graph import Returns
from tenuto.pipelines.errors import STEP_TALK_BROKEN
from tenuto.pipelines.execution.messages import (
    LARGEST_FRAME,
    Confined,
    Ended,
    Finished,
    Frames,
    Started,
    StepSpec,
    frame,
    read_answer,
    receive_spec,
)
from tenuto.pipelines.words import AttemptItem, ItemOutcome, Status

SPEC = StepSpec("work:step", (AttemptItem(),), {}, {}, (), Returns.NOTHING, {}, "/code", "/out", "/scratch")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_frames_are_whole_however_their_bytes_arrive(size: int) -> None:
    answers = [Confined(("files",)), Started(0), Ended(0, ItemOutcome(3, Status.FAILED)), Finished()]
    sent = b"".join(map(frame, answers))
    frames = Frames()
    found = [one for start in range(0, len(sent), size) for one in frames.feed(sent[start : start + size])]
    assert [read_answer(one) for one in found] == answers


def test_a_frame_has_a_size() -> None:
    with pytest.raises(TenutoError) as raised:
        list(Frames().feed((LARGEST_FRAME + 1).to_bytes(4, "big")))
    assert raised.value.fault is STEP_TALK_BROKEN
    with pytest.raises(TenutoError):
        frame(Confined(("x" * LARGEST_FRAME,)))


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"type":"started","position":"1"}', b"\xff"])
def test_what_is_no_answer_is_refused(content: bytes) -> None:
    with pytest.raises(TenutoError) as raised:
        read_answer(content)
    assert raised.value.fault is STEP_TALK_BROKEN


def test_the_spec_arrives_or_the_parent_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(frame(SPEC))
        assert receive_spec(theirs) == SPEC
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(frame(SPEC)[:10])
        ours.close()
        assert receive_spec(theirs) is None
