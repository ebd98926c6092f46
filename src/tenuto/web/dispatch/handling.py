"""One routed request: recognise, read, decode, call, render."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.responses import Response

from tenuto.core.errors import FaultKind, TenutoError
from tenuto.store.space import Room
from tenuto.web.dispatch.answers import Answers
from tenuto.web.dispatch.bodies import JSON, decode_body, read_body, received_upload, require_media_type
from tenuto.web.dispatch.config import SiteConfig, SiteParts
from tenuto.web.dispatch.door import recognise
from tenuto.web.dispatch.exchange import Exchange
from tenuto.web.dispatch.forms import decode_pairs, decode_query
from tenuto.web.dispatch.pages import Pages
from tenuto.web.dispatch.pool import HandlerPool
from tenuto.web.dispatch.submissions import Submission, Submissions
from tenuto.web.errors import BODY_MALFORMED
from tenuto.web.faults import wait_headers
from tenuto.web.registry.words import Refusal, Route, Surface
from tenuto.web.words import Call, Input, Live, View


class NoFields(Input, frozen=True, kw_only=True):
    """What a form without fields of its own sends."""


class Handling:
    def __init__(
        self,
        pages: Pages,
        answers: Answers,
        submissions: Submissions,
        config: SiteConfig,
        parts: SiteParts,
        pool: HandlerPool,
    ) -> None:
        self._pages = pages
        self._answers = answers
        self._submissions = submissions
        self._config = config
        self._parts = parts
        self._pool = pool

    async def answer(self, exchange: Exchange, route: Route) -> Response:
        """Answer a request. Who asks is settled before a byte of the body is read."""
        recognised = functools.partial(recognise, self._parts.authenticator, exchange, route)
        exchange.caller = await self._pool.run(recognised)
        if route.surface is Surface.CONSOLE and not route.is_safe:
            return await self._submitted(exchange, route)
        query = decode_query(exchange.request.scope["query_string"], route.query)
        async with self._uploaded(exchange, route):
            body = await self._body(exchange, route)
            call = exchange.call(self._parts.services)
            return await self._run(exchange, route, functools.partial(route.handler, call, body, query), call)

    async def _run(self, exchange: Exchange, route: Route, work: Any, call: Call) -> Response:
        """Run a handler and render its view in one thread, then build the response around it."""

        def handled() -> tuple[Any, Response | None]:
            result = work()
            return result, self._pages.page(exchange, route, call, result) if isinstance(
                result, View
            ) else None

        result, response = await self._pool.run(handled)
        if isinstance(result, Live):
            return self._pages.live(exchange, route, call, result)
        return response or self._answers.response(exchange, route, result)

    async def _submitted(self, exchange: Exchange, route: Route) -> Response:
        """Take a form of the console. When it is refused, the route may show it again with what was typed."""
        submission = await self._submissions.read(exchange)
        query = decode_query(exchange.request.scope["query_string"], route.query)
        call = exchange.call(self._parts.services)
        refusals: list[TenutoError] = []

        def work() -> Any:
            try:
                body = decode_pairs(submission.pairs, route.body or NoFields)
                return route.handler(call, body if route.body else None, query)
            except TenutoError as error:
                if route.when_refused is None or error.fault.kind is FaultKind.INTERNAL:
                    raise
                refusals.append(error)
                return _refused(route, call, submission, error)

        response = await self._run(exchange, route, work, call)
        for error in refusals:
            response.headers.update(wait_headers(error))
        return response

    async def _body(self, exchange: Exchange, route: Route) -> Any:
        if route.body is None:
            if route.upload_limit is None and exchange.headers.get("content-length", "0") != "0":
                raise TenutoError(BODY_MALFORMED, "this address takes no body")
            return None
        require_media_type(exchange.headers, JSON)
        return decode_body(await read_body(exchange.request, self._config.body_limit), route.body)

    @asynccontextmanager
    async def _uploaded(self, exchange: Exchange, route: Route) -> AsyncIterator[None]:
        if route.upload_limit is None:
            yield
            return
        room = Room(self._config.upload_folder, self._parts.space)
        limit = min(route.upload_limit, self._config.upload_limit)
        async with received_upload(exchange.request, room, limit) as upload:
            exchange.upload = upload
            yield


def _refused(route: Route, call: Call, submission: Submission, error: TenutoError) -> Any:
    assert route.when_refused is not None
    return route.when_refused(call, Refusal(error, submission.shown_again()))
