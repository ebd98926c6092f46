"""Step 4, first half: calls that hide personal data, and an upstream that dies."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from tenuto.cli.demo.calling import Answer, Heard, call, call_streaming, heard
from tenuto.cli.demo.setting_up import PROVIDER_ROUTE, ROUTE
from tenuto.cli.demo.settling import booked_rows
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import Proof, require, require_equal
from tenuto.client.words import LedgerRow

_EMAIL, _PHONE = "marie.durand@example.fr", "06 12 34 56 78"
_IBAN, _NIR = "FR76 3000 6000 0112 3456 7890 189", "2 84 05 75 116 001 58"
PROMPT = f"Write to {_EMAIL} or call {_PHONE}; account {_IBAN}, number {_NIR}."
PERSONAL = (_EMAIL, _PHONE, _IBAN, _NIR)
_PLACEHOLDER = re.compile(r"<[A-Z]+_\d+>")


class Called(msgspec.Struct, frozen=True):
    """The same prompt, whole and streamed; ``real`` are the real provider's answers, where there is one."""

    prompt: str
    answers: list[Answer]
    real: list[Answer]
    heard_before: int


class SeenCalls(msgspec.Struct, frozen=True):
    """What the first upstream received since, by its own log, and what the ledger has of the calls."""

    received: list[Heard]
    booked: list[LedgerRow]


class FailedOver(msgspec.Struct, frozen=True):
    answer: Answer
    prompt: str
    exit_code: int | None  # of the upstream that was killed
    heard_before: int


class SeenFailOver(msgspec.Struct, frozen=True):
    """``received`` is None with a real provider behind the first upstream: nobody here can read its log."""

    received: list[Heard] | None
    booked: list[LedgerRow]


def call_models(stage: Stage) -> Called:
    before = len(stage.first.heard())
    made = _both_ways(stage, ROUTE)
    real = _both_ways(stage, PROVIDER_ROUTE) if stage.provider else []
    return Called(PROMPT, made, real, before)


def look_at_calls(stage: Stage, work: Called) -> SeenCalls:
    received = heard(stage, 1)[work.heard_before :]
    wanted = [one.request for one in (*work.answers, *work.real)]
    return SeenCalls(received, booked_rows(stage, wanted))


def judge_calls(work: Called, seen: SeenCalls) -> Proof:
    require_equal(
        sorted(one.streamed for one in work.answers), [False, True], "one call whole and one streamed"
    )
    require_equal(
        sorted(one.is_streamed for one in seen.received), [False, True], "calls that the upstream received"
    )
    for received in seen.received:
        _require_masked(received)
    for answer in work.answers:
        for value in PERSONAL:
            require(value in answer.text, f"{value!r} is not restored in the answer {answer.text!r}")
    for answer in (*work.answers, *work.real):
        require(answer.text, "an answer is empty")
        require(not _PLACEHOLDER.search(answer.text), f"a placeholder is left in {answer.text!r}")
    _require_booked([*work.answers, *work.real], seen.booked)
    return Proof(work.answers[0].request, _call_facts(work, seen))


def fail_over(stage: Stage) -> FailedOver:
    """Kill the first upstream; the next call goes on at the second."""
    before = len(stage.second.heard())
    stage.first.kill()
    prompt = "Still there?"
    answer = call(stage, ROUTE, prompt)
    return FailedOver(answer, prompt, stage.first.process.poll(), before)


def look_at_fail_over(stage: Stage, work: FailedOver) -> SeenFailOver:
    received = None if stage.provider else heard(stage, 2)[work.heard_before :]
    return SeenFailOver(received, booked_rows(stage, [work.answer.request]))


def judge_fail_over(work: FailedOver, seen: SeenFailOver) -> Proof:
    require(work.exit_code is not None, "the first upstream still runs")
    require(work.answer.text, "the answer is empty")
    require(work.answer.provider not in {"", "simulator-1"}, f"the answer came from {work.answer.upstream!r}")
    if seen.received is not None:
        require_equal(
            [one.said for one in seen.received], [work.prompt], "requests that the second upstream received"
        )
    _require_booked([work.answer], seen.booked)
    attempts = seen.booked[0].attempts
    require(attempts > 1, f"the call was tried {attempts} time, so the dead upstream was not tried")
    return Proof(work.answer.request, {"upstream": work.answer.upstream, "attempts": attempts})


def _both_ways(stage: Stage, route: str) -> list[Answer]:
    ways: Sequence[Callable[[Stage, str, str], Answer]] = (call, call_streaming)
    return [way(stage, route, PROMPT) for way in ways]


def _require_masked(received: Heard) -> None:
    body = msgspec.json.encode(received.body).decode()
    for value in PERSONAL:
        require(value not in body, f"{value!r} reached the upstream")
    kinds = len(set(_PLACEHOLDER.findall(received.said)))
    require_equal(kinds, len(PERSONAL), "placeholders that the upstream received instead")


def _require_booked(made: Sequence[Answer], booked: Sequence[LedgerRow]) -> None:
    """Each call stands in the ledger, with who answered, how, and the tokens that the caller was told."""
    by_request = {row.request_id: row for row in booked}
    for answer in made:
        row = by_request.get(answer.request)
        require(row is not None, f"call {answer.request} is not in the ledger")
        assert row is not None
        found = (row.status, row.provider, row.streamed, row.input_tokens, row.output_tokens)
        wanted = ("completed", answer.provider, answer.streamed, answer.input_tokens, answer.output_tokens)
        require_equal(found, wanted, f"call {answer.request} in the ledger")


def _call_facts(work: Called, seen: SeenCalls) -> dict[str, str]:
    facts = {
        "prompt": work.prompt,
        "upstream_received": seen.received[0].said,
        "answer": work.answers[0].text,
    }
    return facts | ({"provider_answer": work.real[0].text} if work.real else {})
