from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tenuto.adapters.providers.faults import fault_of, text_of
from tenuto.adapters.providers.openai.chunks import ChunkDecoder
from tenuto.adapters.providers.openai.requests import encode_chat, encode_embeddings, listing
from tenuto.adapters.providers.openai.wholes import chat_decoder, embeddings_decoder
from tenuto.adapters.providers.profiles import profiles_of
from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import UPSTREAM_DENIED
from tenuto.gateway.ports import Decoder
from tenuto.gateway.upstream_json import read_upstream
from tenuto.gateway.words.calls import HttpCall, ProviderRequest, UpstreamFault
from tenuto.gateway.words.routing import Operation, Profile, WireFormat


class _Error(msgspec.Struct):
    message: str = ""
    code: str | int | None = None


class _ErrorBody(msgspec.Struct):
    error: _Error | str | None = None


_ERROR = msgspec.json.Decoder(_ErrorBody)


class OpenAI:
    format = WireFormat.CHAT_COMPLETIONS
    caller_headers: tuple[str, ...] = ()

    @property
    def profiles(self) -> Mapping[str, Profile]:
        return profiles_of(__package__)

    def encode(self, request: ProviderRequest, profile: Profile) -> HttpCall:
        if request.operation is Operation.EMBEDDINGS:
            return encode_embeddings(request, profile)
        return encode_chat(request, profile)

    def listing(self, profile: Profile) -> HttpCall:
        return listing(profile)

    def decoder(self, request: ProviderRequest, profile: Profile, *, streamed: bool) -> Decoder:
        if request.operation is Operation.EMBEDDINGS:
            return embeddings_decoder()
        return ChunkDecoder(marks_end=profile.marks_end) if streamed else chat_decoder()

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFault:
        try:
            error = read_upstream(_ERROR, body, "the error").error
        except TenutoError:
            return fault_of(status, headers, text_of(body))
        if isinstance(error, str) or error is None:
            return fault_of(status, headers, error or text_of(body))
        fault = fault_of(status, headers, error.message)
        if error.code == "insufficient_quota":  # sent as 429, but no waiting brings it back
            return UpstreamFault(UPSTREAM_DENIED, fault.detail, elsewhere=True, again=False)
        return fault
