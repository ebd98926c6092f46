"""``Provider`` and ``Route`` as declared things."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event
from tenuto.gateway.client.words import split_base
from tenuto.gateway.declared.errors import EGRESS_RULE_INVALID, PROVIDER_INVALID, ROUTE_INVALID
from tenuto.gateway.words.routing import Operation
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.words import Declared, Kind, Level
from tenuto.govern.use_case import Case

# A name, or an address without brackets; calls ask for it in small letters.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_HIGHEST_PORT = 65_535

ProfileNames = Callable[[str], Sequence[str]]
"""The profile names of a dialect; raises for an unknown dialect."""


class ProviderSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A company or server that runs models.

    ``dialect`` is how it speaks, ``profile`` what its family of servers knows. ``secret`` names the secret
    that holds its key; the key itself is written with `tenuto secret set`. ``base_url`` may be left out where
    the profile knows it. Hosts are reached only if the egress allow-list has them.
    """

    dialect: str
    profile: str = ""
    base_url: str = ""
    secret: str | None = None
    region: str = ""


class RouteUpstream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One provider's model that may answer the route."""

    provider: str
    model: str


class RouteSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model name that applications call, and who answers it, in the order they are tried.

    ``output_cap`` is the most tokens that are reserved and asked for in one answer. ``protect_personal_data``
    decides where no GuardrailPolicy holds.
    """

    upstreams: list[RouteUpstream]
    operations: tuple[Operation, ...] = (Operation.CHAT, Operation.EMBEDDINGS)
    output_cap: int | None = 4_096
    protect_personal_data: bool = True


class EgressRuleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host that calls may go to, besides those that the shipped profiles know.

    ``private`` lets the host have an address that is not public: this machine, or your own network.
    """

    host: str
    port: int = 443
    private: bool = False


def kinds(profiles: ProfileNames) -> tuple[Kind, ...]:
    """Return the kinds; ``profiles`` knows the dialects that are installed."""

    def admit_provider(
        _case: Case, new: Declared[ProviderSpec], _old: Declared[ProviderSpec] | None
    ) -> Sequence[Event]:
        _check_provider(new, profiles(new.spec.dialect))
        return ()

    provider = Kind(
        name="Provider",
        level=Level.ORGANISATION,
        spec=ProviderSpec,
        summary="A company or server that runs models, and how to reach it.",
        order=20,
        admit=admit_provider,
    )
    route = Kind(
        name="Route",
        level=Level.WORKSPACE,
        spec=RouteSpec,
        summary="A model name that applications call, and the upstreams that answer it.",
        order=40,
        admit=_admit_route,
    )
    return EGRESS_RULE, provider, route


def _check_provider(new: Declared[ProviderSpec], known: Sequence[str]) -> None:
    spec = new.spec
    if spec.profile and spec.profile not in known:
        raise TenutoError(
            PROVIDER_INVALID, f"{new.name}: no profile `{spec.profile}`; known: {', '.join(known)}"
        )
    if spec.base_url:
        try:
            split_base(spec.base_url)
        except TenutoError as error:
            told = f"{new.name}: base_url must be http(s)://host[:port][/path]: {error.detail}"
            raise TenutoError(PROVIDER_INVALID, told) from None


def _admit_egress(
    _case: Case, new: Declared[EgressRuleSpec], _old: Declared[EgressRuleSpec] | None
) -> Sequence[Event]:
    """Refuse what no call would ever match: a rule that is never asked looks like one that holds."""
    if not _HOST.fullmatch(new.spec.host) or new.spec.host.endswith("."):
        raise TenutoError(
            EGRESS_RULE_INVALID, f"{new.name}: `{new.spec.host[:100]}` is no host", field="host"
        )
    if not 1 <= new.spec.port <= _HIGHEST_PORT:
        raise TenutoError(EGRESS_RULE_INVALID, f"{new.name}: {new.spec.port} is no port", field="port")
    return ()


def _admit_route(case: Case, new: Declared[RouteSpec], _old: Declared[RouteSpec] | None) -> Sequence[Event]:
    if not new.spec.upstreams:
        raise TenutoError(ROUTE_INVALID, f"{new.name}: a route needs at least one upstream")
    known = _provider_names(case)
    for upstream in new.spec.upstreams:
        if upstream.provider not in known:
            raise TenutoError(
                ROUTE_INVALID,
                f"{new.name}: no provider `{upstream.provider}`; declared: {', '.join(sorted(known))}",
            )
    return ()


def _provider_names(case: Case) -> set[str]:
    return {stored.name for stored in resources.everywhere(case.tx, "Provider")}


EGRESS_RULE = Kind(
    name="EgressRule",
    level=Level.ORGANISATION,
    spec=EgressRuleSpec,
    summary="A host that calls to providers may go to.",
    order=15,
    admit=_admit_egress,
)
