"""The simulator's HTTP server: enough of HTTP/1.1 for calls to models, and every way of breaking it off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from itertools import count
from typing import Any

import msgspec

from tenuto.testing.provider_simulator import chat_completions, messages
from tenuto.testing.provider_simulator.faults import Trouble, trouble_in
from tenuto.testing.provider_simulator.journal import Journal, shown_body, shown_headers
from tenuto.testing.provider_simulator.words import Heard, Reply, reply_to

_MODELS = ("sim-small", "sim-large")
_SLOW = 0.5


class Settings(msgspec.Struct, frozen=True):
    """``dialect`` is "openai", "anthropic" or "both"; ``fault_times`` None means always."""

    dialect: str = "both"
    api_key: str | None = None
    latency: float = 0.0  # seconds before an answer
    pause: float = 0.0  # seconds between two pieces of a stream
    fault: Trouble = Trouble.NONE
    fault_times: int | None = None


class Request(msgspec.Struct, frozen=True):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Ending(Exception):  # noqa: N818  # how a connection ends here is no error
    """The connection is over; ``how`` goes into the log."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Simulator:
    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._numbers = count(1)
        self._faults_left = settings.fault_times

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                await self._request(request, _Answer(reader, writer))
        except (Ending, OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            writer.close()

    async def _request(self, request: Request, answer: _Answer) -> None:
        """Answer and log. The line is on the disk before the last bytes go out: who has those finds it there."""
        try:
            await self._answer(request, answer)
        except (Ending, OSError, asyncio.CancelledError) as error:
            self._journal.write(self._line(request, answer, _how(error)))
            raise
        self._journal.write(self._line(request, answer, "complete"))
        await answer.finish()

    @staticmethod
    def _line(request: Request, answer: _Answer, ended: str) -> dict[str, Any]:
        return {
            "method": request.method,
            "path": request.path,
            "headers": shown_headers(request.headers),
            "body": shown_body(request.body),
            "status": answer.status,
            "usage": answer.usage,
            "pieces": answer.pieces,
            "ended": ended,
        }

    async def _answer(self, request: Request, answer: _Answer) -> None:
        path = request.path.removeprefix("/v1")
        speech = _speech(path, request.headers, self._settings.dialect)
        if speech is None:
            answer.whole(404, chat_completions.error(404, f"no such path: {request.path}"))
        elif not self._knows(request.headers):
            answer.whole(401, speech.error(401, "wrong API key"))
        elif path == "/models":
            answer.whole(200, speech.models(_MODELS))
        else:
            await self._post(path, request, answer)

    def _knows(self, headers: Mapping[str, str]) -> bool:
        key = self._settings.api_key
        given = headers.get("authorization", "").removeprefix("Bearer "), headers.get("x-api-key", "")
        return key is None or key in given

    async def _post(self, path: str, request: Request, answer: _Answer) -> None:
        speech: Any = messages if path == "/messages" else chat_completions
        try:
            body = json.loads(request.body)
            model = body["model"]
            trouble = self._trouble(request.headers, model)
            await asyncio.sleep(self._settings.latency + (_SLOW if trouble is Trouble.SLOW else 0))
            if trouble.status != 200:
                raise _RefusedError(trouble.status)
            if path == "/embeddings":
                await self._embeddings(body, answer)
            else:
                await self._chat(speech, speech.hear(body), trouble, answer)
        except _RefusedError as refused:
            headers = {"retry-after": "1"} if refused.status in {429, 503} else {}
            answer.whole(refused.status, speech.error(refused.status, "simulated refusal"), headers)
        except (ValueError, KeyError, TypeError) as error:
            answer.whole(400, speech.error(400, f"cannot read the request: {error!r}"))

    def _trouble(self, headers: Mapping[str, str], model: str) -> Trouble:
        standing = self._settings.fault
        if standing is not Trouble.NONE and self._faults_left is not None:
            if self._faults_left == 0:
                standing = Trouble.NONE
            else:
                self._faults_left -= 1
        return trouble_in(headers, model, standing)

    @staticmethod
    async def _embeddings(body: dict[str, Any], answer: _Answer) -> None:
        written, tokens = chat_completions.embeddings(body)
        answer.usage = {"input_tokens": tokens, "output_tokens": 0, "cached_tokens": 0}
        answer.whole(200, written)

    async def _chat(self, speech: Any, heard: Heard, trouble: Trouble, answer: _Answer) -> None:
        reply = reply_to(heard, next(self._numbers), cached=trouble is Trouble.CACHED)
        silent = trouble is Trouble.SILENT
        if not silent:
            answer.usage = msgspec.to_builtins(reply.usage)
        if not heard.stream or trouble is Trouble.WHOLE:
            await answer.broken_whole(speech.whole(reply, silent=silent), trouble)
        else:
            events = _events(speech, heard, reply, silent=silent)
            await answer.stream(_with_trouble(events, speech, trouble), trouble, self._settings.pause)


def _how(error: BaseException) -> str:
    if isinstance(error, Ending):
        return error.how
    return "client_gone" if isinstance(error, OSError) else "stopped"


class _RefusedError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Answer:
    """One answer being written, and what the log will say of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.status = 0
        self.usage: dict[str, int] | None = None
        self.pieces = 0
        self._last = b""

    async def finish(self) -> None:
        self._writer.write(self._last)
        await self._writer.drain()

    def whole(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        added = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        kind = f"content-type: application/json\r\n{added}content-length: {len(body)}\r\n\r\n"
        self._last = f"HTTP/1.1 {status} X\r\n{kind}".encode() + body
        self.pieces = 1

    async def broken_whole(self, body: bytes, trouble: Trouble) -> None:
        if trouble not in {Trouble.CUT, Trouble.CUT_EARLY, Trouble.STALL, Trouble.MALFORMED}:
            self.whole(200, body)
            return
        if trouble is Trouble.MALFORMED:
            self.whole(200, b"{" + body)
            return
        self.status = 200
        head = f"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body[: len(body) // 2])
        await self._writer.drain()
        await self._break_off(trouble)

    async def stream(self, events: list[bytes], trouble: Trouble, pause: float) -> None:
        self.status = 200
        head = b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        self._writer.write(head)
        await self._writer.drain()
        for event in events:
            if self._reader.at_eof():
                raise Ending("client_gone")
            self._writer.write(self._last)
            await self._writer.drain()
            self._last = b"%x\r\n%b\r\n" % (len(event), event)
            self.pieces += 1
            await asyncio.sleep(pause)
        if trouble in {Trouble.CUT, Trouble.CUT_EARLY, Trouble.STALL}:
            await self.finish()
            await self._break_off(trouble)
        self._last += b"0\r\n\r\n"

    async def _break_off(self, trouble: Trouble) -> None:
        if trouble is Trouble.STALL:
            await self._reader.read()  # nothing more is sent until the caller gives up
            raise Ending("stalled")
        raise Ending("cut")


def _events(speech: Any, heard: Heard, reply: Reply, *, silent: bool) -> list[bytes]:
    if speech is messages:
        return messages.stream(reply, silent=silent)
    return chat_completions.stream(reply, silent=silent, wants_usage=heard.wants_usage)


def _with_trouble(events: list[bytes], speech: Any, trouble: Trouble) -> list[bytes]:
    middle = max(len(events) // 2, 3)
    if trouble is Trouble.CUT_EARLY:
        return events[:1]
    if trouble in {Trouble.CUT, Trouble.STALL}:
        return events[:middle]
    if trouble is Trouble.MALFORMED:
        return [*events[:middle], b"data: {this is no JSON\n\n"]
    if trouble is Trouble.ERROR_EVENT:
        return [*events[:middle], speech.error_event()]
    return events[:-1] if trouble is Trouble.UNENDED else events


def _speech(path: str, headers: Mapping[str, str], dialect: str) -> Any:
    """Return the module that speaks for a path, or None where this server does not answer."""
    if path == "/models":
        speech = messages if "anthropic-version" in headers or dialect == "anthropic" else chat_completions
    else:
        speeches = {
            "/chat/completions": chat_completions,
            "/embeddings": chat_completions,
            "/messages": messages,
        }
        found = speeches.get(path)
        if found is None:
            return None
        speech = found
    spoken = "anthropic" if speech is messages else "openai"
    return speech if dialect in {spoken, "both"} else None


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target.partition("?")[0], headers, body)
