"""What the gateway asks of the rest of the house, and of its plugins.

``app`` satisfies the first group, the entry points of group ``tenuto.providers`` the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tenuto.gateway.words.answer import Frame
from tenuto.gateway.words.calls import (
    CallIntent,
    CallRecord,
    HttpCall,
    Outcome,
    ProviderRequest,
    Reservation,
    Settlement,
    UpstreamFault,
)
from tenuto.gateway.words.routing import Profile, Protection, Refusal, Snapshot, WireFormat


class SnapshotSource(Protocol):
    def current(self) -> Snapshot:
        """Return the newest view. Never waits."""
        ...


class KeyReader(Protocol):
    """Reads keys as the room that made them wrote them."""

    def key_id(self, token: str) -> str | None:
        """Return the id written in a well-formed key (checksum included), None for anything else."""
        ...

    def matches(self, token: str, digest: bytes) -> bool:
        """Tell in constant time whether ``digest`` is the keyed hash of ``token``."""
        ...


class Ledger(Protocol):
    async def reserve(self, call: CallIntent) -> Reservation | Refusal:
        """Set aside what the call may cost. Raises a ``TenutoError`` of kind UNAVAILABLE while it is away."""
        ...

    async def settle(self, reservation: Reservation, outcome: Outcome) -> Settlement:
        """Account for what was used and release the rest. Called exactly once for each reservation.

        It must keep what it is told even while the database is away.
        """
        ...


class Restorer(Protocol):
    """Puts personal data back into one run of text that arrives in pieces."""

    def feed(self, text: str) -> str:
        """Return what can be shown now; a piece that may be the start of a placeholder is held back."""
        ...

    def finish(self) -> str:
        """Return what was held back. Nothing is fed after it."""
        ...


class MakeRestorer(Protocol):
    def __call__(self, *, in_json: bool = False) -> Restorer:
        """Return a restorer for one run of text; ``in_json`` when that text is JSON source."""
        ...


class Protected(Protocol):
    """Texts without personal data, and the way back. ``table`` is empty when nothing was replaced."""

    @property
    def texts(self) -> Sequence[str]: ...

    @property
    def table(self) -> Mapping[str, str]: ...

    def stream(self, *, in_json: bool = False) -> Restorer: ...


class TextGuard(Protocol):
    def protect(self, texts: Sequence[str], protection: Protection) -> Protected:
        """Replace the personal data in ``texts``. The same value gets the same placeholder in all of them.

        Raises ``TenutoError`` for what must not be sent at all.
        """
        ...


class Secrets(Protocol):
    async def credential(self, reference: str) -> str:
        """Return the secret that goes into the credential header. Kept by version, so rarely a wait.

        Raises ``TenutoError``, with CREDENTIAL_MISSING where there is none.
        """
        ...


class Egress(Protocol):
    """The outbound allow-list."""

    def check(self, scheme: str, host: str, port: int) -> None:
        """Raise ``TenutoError`` unless configuration allows calls to this host and port."""
        ...

    def addresses(self, host: str, resolved: Sequence[str]) -> Sequence[str]:
        """Return those of the resolved addresses that may be connected to (no metadata service, for one)."""
        ...


class CallLog(Protocol):
    def record(self, call: CallRecord) -> None:
        """Take one record. Never waits and never raises; what cannot be kept is counted, and the count recorded."""
        ...


class Decoder(Protocol):
    """Bytes of an answer in, frames out. However the bytes are cut, the frames are the same."""

    def feed(self, chunk: bytes) -> list[Frame]: ...

    def close(self) -> list[Frame]:
        """Say that the body ended. A stream that ended without its terminator yields ``Failed``."""
        ...


class Dialect(Protocol):
    """A provider's way of speaking. Pure: no socket, no clock, no secret."""

    @property
    def format(self) -> WireFormat: ...

    @property
    def profiles(self) -> Mapping[str, Profile]: ...

    @property
    def caller_headers(self) -> Sequence[str]:
        """Return the names (lower case) of a caller's headers that belong to the format and go upstream."""
        ...

    def encode(self, request: ProviderRequest, profile: Profile) -> HttpCall:
        """Write the request. Raises ``TenutoError`` where the format has no word for what the call needs."""
        ...

    def listing(self, profile: Profile) -> HttpCall:
        """Return the request (a GET) that lists the models; the answer holds ``{"data": [{"id": ...}]}``."""
        ...

    def decoder(self, request: ProviderRequest, profile: Profile, *, streamed: bool) -> Decoder:
        """Return a fresh decoder; ``streamed`` says whether the answer is an event stream."""
        ...

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFault:
        """Read an answer whose status is not 2xx."""
        ...


class Dialects(Protocol):
    def load(self, name: str) -> Dialect:
        """Return the dialect of that name. Raises ``TenutoError`` when it is unknown."""
        ...
