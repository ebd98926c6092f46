"""What every provider dialect must keep, as tests to inherit.

    class TestAcme(ProviderContract):
        dialect = Acme()
        profile = "acme"
        answers = [Sample("greeting", body, streamed=True, text="Hello", usage=Usage(3, 1))]
        refusals = {429: b'{"error": ...}'}

Decoders see each answer cut at every byte, one byte at a time and broken off at every byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.ports import Decoder, Dialect
from tenuto.gateway.stream.tally import Fold, Tally
from tenuto.gateway.words.accounting import Usage, UsageSource
from tenuto.gateway.words.answer import AnswerEvent, AnswerText, AnswerTool, Ended, Failed, Frame
from tenuto.gateway.words.calls import HttpCall, ProviderRequest
from tenuto.gateway.words.chat import ChatRequest, Role, Text, Turn
from tenuto.gateway.words.routing import Operation, Profile

_RETRIED = (408, 429, 500, 502, 503, 504)


class Sample(msgspec.Struct, frozen=True):
    """An answer as a provider sends it, and what it says. ``usage`` None: the provider reported none."""

    name: str
    body: bytes
    streamed: bool
    text: str = ""
    tools: tuple[tuple[str, str], ...] = ()  # name and JSON arguments
    usage: Usage | None = None


class ProviderContract:
    dialect: Dialect
    profile: str
    answers: ClassVar[Sequence[Sample]]
    refusals: ClassVar[Mapping[int, bytes]]

    def test_a_profile_is_known_and_named_as_it_is_kept(self) -> None:
        assert self.profile in self.dialect.profiles
        assert all(name == profile.name for name, profile in self.dialect.profiles.items())

    def test_encoding_is_deterministic_and_changes_nothing_it_was_given(self) -> None:
        for request in self._requests():
            before = msgspec.json.encode(request.chat)
            assert self._encode(request) == self._encode(request)
            assert msgspec.json.encode(request.chat) == before

    def test_encoding_names_the_model_and_no_secret(self) -> None:
        for request in self._requests():
            call = self._encode(request)
            assert msgspec.json.decode(call.body)["model"] == "the-model"
            assert call.path.startswith("/")
            assert call.credential[0] not in {name for name, _ in call.headers}
            assert all(name == name.lower() for name, _ in call.headers)

    def test_the_listing_of_models_carries_the_same_credential_and_no_body(self) -> None:
        call = self.dialect.listing(self.dialect.profiles[self.profile])
        assert call.path.startswith("/")
        assert call.body == b""
        assert all(call.credential == self._encode(request).credential for request in self._requests())

    def test_what_a_format_cannot_say_is_refused_and_not_left_out(self) -> None:
        request = ProviderRequest(Operation.CHAT, "the-model", stream=False, chat=_chat("a_binding_field"))
        assert "a_binding_field" in self._refusal_of(request)

    def test_a_documents_own_fields_travel_untouched(self) -> None:
        odd = msgspec.Raw(b'{"kept":1.50,"list":[1e400]}')
        fields = {
            "model": msgspec.Raw(b'"route"'),
            "messages": msgspec.Raw(b"[]"),
            "max_tokens": msgspec.Raw(b"7"),
        }
        request = ProviderRequest(Operation.CHAT, "the-model", stream=False, document={**fields, "odd": odd})
        sent = msgspec.json.decode(self._encode(request).body, type=dict[str, msgspec.Raw])
        assert bytes(sent["odd"]) == bytes(odd)
        assert bytes(sent["model"]) == b'"the-model"'

    def test_frames_keep_every_byte_of_a_stream(self) -> None:
        for sample in self._streams():
            assert b"".join(frame.raw for frame in self._decoded(sample, [sample.body])) == sample.body, (
                sample.name
            )

    def test_an_answer_says_what_it_says(self) -> None:
        for sample in self.answers:
            events = _events(self._decoded(sample, [sample.body]))
            assert isinstance(events[-1], Ended), sample.name
            blocks = _folded(events)
            assert "".join(block.text for block in blocks if isinstance(block, AnswerText)) == sample.text
            tools = [block for block in blocks if isinstance(block, AnswerTool)]
            assert [tool.name for tool in tools] == [name for name, _ in sample.tools], sample.name
            for tool, (_, arguments) in zip(tools, sample.tools, strict=True):
                assert msgspec.json.decode(tool.arguments) == msgspec.json.decode(arguments), sample.name

    def test_however_an_answer_is_cut_into_pieces_it_is_the_same(self) -> None:
        for sample in self.answers:
            whole = self._decoded(sample, [sample.body])
            for cut in range(1, len(sample.body)):
                pieces = [sample.body[:cut], sample.body[cut:]]
                assert self._decoded(sample, pieces) == whole, f"{sample.name} cut at {cut}"
            singly = [sample.body[at : at + 1] for at in range(len(sample.body))]
            assert self._decoded(sample, singly) == whole, sample.name

    def test_a_broken_off_answer_never_looks_complete(self) -> None:
        for sample in self.answers:
            for cut in range(len(sample.body) - 1):
                events = _events(self._decoded(sample, [sample.body[:cut]]))
                over = [event for event in events if isinstance(event, Ended | Failed)]
                assert len(over) == 1, f"{sample.name} broken off at {cut}"
                assert over[0] is events[-1]
                rest = sample.body[cut:].strip()
                assert isinstance(over[0], Failed) or not rest, f"{sample.name} broken off at {cut}"

    def test_usage_is_reported_or_marked_as_estimated(self) -> None:
        for sample in self.answers:
            usage = _tallied(self._decoded(sample, [sample.body])).usage(input_estimate=1_000)
            if sample.usage is None:
                assert usage.source is UsageSource.ESTIMATED, sample.name
                assert usage.input_tokens == 1_000
            else:
                assert usage == sample.usage, sample.name

    def test_refusals_are_read_and_garbage_survived(self) -> None:
        for status, body in self.refusals.items():
            for given in (body, b"", b"<html>no</html>", b"\xff\xfe", b"[1,2]"):
                fault = self.dialect.fault(status, {"retry-after": "7"}, given)
                assert str(status) in fault.detail
                assert fault.retry_after == 7
        for status in _RETRIED:
            fault = self.dialect.fault(status, {}, b"")
            assert fault.elsewhere, f"status {status}"
            assert fault.retry_after is None
        assert not self.dialect.fault(400, {}, b"").elsewhere
        refused = self.dialect.fault(401, {}, b"")
        assert refused.elsewhere
        assert not refused.again

    def test_a_redirect_is_a_fault(self) -> None:
        assert not self.dialect.fault(302, {"location": "http://elsewhere"}, b"").again

    def _profile(self) -> Profile:
        return self.dialect.profiles[self.profile]

    def _encode(self, request: ProviderRequest) -> HttpCall:
        return self.dialect.encode(request, self._profile())

    def _refusal_of(self, request: ProviderRequest) -> str:
        try:
            self._encode(request)
        except TenutoError as error:
            return error.detail
        return ""

    @staticmethod
    def _requests() -> Iterable[ProviderRequest]:
        for stream in (False, True):
            yield ProviderRequest(Operation.CHAT, "the-model", stream=stream, chat=_chat())

    def _streams(self) -> Iterable[Sample]:
        return (sample for sample in self.answers if sample.streamed)

    def _decoder(self, sample: Sample) -> Decoder:
        request = ProviderRequest(Operation.CHAT, "the-model", stream=sample.streamed, chat=_chat())
        return self.dialect.decoder(request, self._profile(), streamed=sample.streamed)

    def _decoded(self, sample: Sample, pieces: Iterable[bytes]) -> list[Frame]:
        decoder = self._decoder(sample)
        frames = [frame for piece in pieces for frame in decoder.feed(piece)]
        return frames + decoder.close()


def _chat(*binding: str) -> ChatRequest:
    return ChatRequest((Turn(Role.USER, (Text("Hello"),)),), ("Be brief.",), max_tokens=100, binding=binding)


def _events(frames: Iterable[Frame]) -> list[AnswerEvent]:
    return [event for frame in frames for event in frame.events]


def _folded(events: Iterable[AnswerEvent]) -> Sequence[object]:
    fold = Fold()
    fold.add(events)
    return fold.answer().blocks


def _tallied(frames: Iterable[Frame]) -> Tally:
    tally = Tally()
    for frame in frames:
        tally.note(frame.events)
    return tally
