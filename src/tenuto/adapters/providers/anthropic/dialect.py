from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tenuto.adapters.providers.anthropic.events import EventDecoder
from tenuto.adapters.providers.anthropic.requests import encode_chat, listing
from tenuto.adapters.providers.anthropic.wholes import message_decoder
from tenuto.adapters.providers.faults import fault_of, text_of
from tenuto.adapters.providers.profiles import profiles_of
from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import UNTRANSLATABLE
from tenuto.gateway.ports import Decoder
from tenuto.gateway.upstream_json import read_upstream
from tenuto.gateway.words.calls import HttpCall, ProviderRequest, UpstreamFault
from tenuto.gateway.words.routing import Operation, Profile, WireFormat


class _Error(msgspec.Struct):
    message: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Error


_ERROR = msgspec.json.Decoder(_ErrorBody)


class Anthropic:
    format = WireFormat.MESSAGES
    caller_headers = ("anthropic-version", "anthropic-beta")

    @property
    def profiles(self) -> Mapping[str, Profile]:
        return profiles_of(__package__)

    def encode(self, request: ProviderRequest, profile: Profile) -> HttpCall:
        if request.operation is not Operation.CHAT:
            raise TenutoError(UNTRANSLATABLE, f"this provider has no {request.operation.value}")
        return encode_chat(request, profile)

    def listing(self, profile: Profile) -> HttpCall:
        return listing(profile)

    def decoder(self, request: ProviderRequest, profile: Profile, *, streamed: bool) -> Decoder:  # noqa: ARG002
        # Both arguments are of the port's shape; messages answers differ in neither.
        return EventDecoder() if streamed else message_decoder()

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFault:
        try:
            said = read_upstream(_ERROR, body, "the error").error.message
        except TenutoError:
            said = text_of(body)
        return fault_of(status, headers, said)
