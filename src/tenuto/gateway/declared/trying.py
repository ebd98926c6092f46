"""Ask a provider for its models, as the gateway would call it: same address, key, allow-list and TLS.

Listing models costs nothing, so a trial needs no budget and leaves nothing to account for.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.gateway.client.http import UpstreamClient
from tenuto.gateway.client.pool import Connector, Pool
from tenuto.gateway.client.words import OutRequest, split_base
from tenuto.gateway.declared.kinds import ProviderSpec
from tenuto.gateway.declared.use_cases import provider_tested, provider_to_test
from tenuto.gateway.declared.words import ProviderTrial
from tenuto.gateway.errors import UPSTREAM_DENIED, UPSTREAM_TIMEOUT
from tenuto.gateway.ports import Dialect, Dialects, Egress, Secrets
from tenuto.gateway.redaction import Redactor
from tenuto.gateway.upstream_json import read_upstream
from tenuto.gateway.words.calls import HttpCall
from tenuto.gateway.words.limits import Limits, Timeouts
from tenuto.govern.use_case import Desk

_TIMEOUTS = Timeouts(connect=5.0, first_byte=15.0, idle=10.0, total=20.0)
_LARGEST_ANSWER = 8 * 1024 * 1024
_MOST_MODELS = 500


class _Model(msgspec.Struct):
    id: str


class _Listing(msgspec.Struct):
    data: list[_Model]


_LISTING = msgspec.json.Decoder(_Listing)


class ProviderTester(msgspec.Struct, frozen=True):
    """``secrets`` makes a reader that remembers nothing: a key written a moment ago is the one that is tried."""

    desk: Desk
    dialects: Dialects
    egress: Egress
    secrets: Callable[[], Secrets]
    clock: Clock

    def test(self, scope: Scope, name: str) -> ProviderTrial:
        """Call the provider and record that it was called. What is wrong with it is told, not raised."""
        spec = provider_to_test(self.desk, scope, name=name)
        trial = asyncio.run(self._tried(spec))
        provider_tested(self.desk, scope, name=name, trial=trial)
        return trial

    async def _tried(self, spec: ProviderSpec) -> ProviderTrial:
        dialect = self.dialects.load(spec.dialect)
        profile = dialect.profiles.get(spec.profile or spec.dialect)
        base_url = spec.base_url or (profile.base_url if profile else "")
        began = self.clock.monotonic()
        try:
            if profile is None:
                raise TenutoError(UPSTREAM_DENIED, f"no profile {spec.profile!r}")
            async with asyncio.timeout(_TIMEOUTS.total):
                models = await self._listed(dialect, dialect.listing(profile), base_url, spec.secret)
        except TenutoError as error:
            return self._failed(base_url, began, error)
        except TimeoutError:
            late = TenutoError(UPSTREAM_TIMEOUT, f"nothing complete within {_TIMEOUTS.total:g} s")
            return self._failed(base_url, began, late)
        return ProviderTrial(
            address=base_url, works=True, models=models, seconds=self.clock.monotonic() - began
        )

    def _failed(self, base_url: str, began: float, error: TenutoError) -> ProviderTrial:
        return ProviderTrial(
            address=base_url,
            works=False,
            seconds=self.clock.monotonic() - began,
            fault=error.fault,
            detail=error.detail,
        )

    async def _listed(
        self, dialect: Dialect, call: HttpCall, base_url: str, secret: str | None
    ) -> tuple[str, ...]:
        origin, base = split_base(base_url)
        headers = call.headers
        redactor = Redactor()
        if secret is not None:
            name, before = call.credential
            credential = await self.secrets().credential(secret)
            redactor = Redactor(credential)
            headers = (*headers, (name, before + credential))
        client = UpstreamClient(
            Pool(Connector(self.egress, _TIMEOUTS, ssl.create_default_context), Limits(), self.clock)
        )
        try:
            request = OutRequest("GET", base + call.path, headers)
            with await client.send(origin, request, _TIMEOUTS.first_byte) as response:
                body = redactor.body(await response.read(_TIMEOUTS.idle, _LARGEST_ANSWER))
                if not 200 <= response.status < 300:
                    refused = dialect.fault(response.status, dict(response.headers), body)
                    raise TenutoError(refused.fault, refused.detail or f"status {response.status}")
                return _names(body)
        except TenutoError as error:
            redactor.clean(error)
            raise
        finally:
            client.close()


def _names(body: bytes) -> tuple[str, ...]:
    listing = read_upstream(_LISTING, body, "the list of models")
    return tuple(sorted(model.id for model in listing.data[:_MOST_MODELS]))
