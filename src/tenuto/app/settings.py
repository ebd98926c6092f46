"""The only module that reads the environment. Settings are read once and handed down, frozen.

Every setting is the environment variable ``TENUTO_`` and its name in capitals. An unknown ``TENUTO_``
variable is refused with the nearest known name, because a misspelt limit is a limit that does not hold.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import msgspec

from tenuto.app.errors import SETTING_INVALID, SETTING_UNKNOWN
from tenuto.core.errors import TenutoError

_PREFIX = "TENUTO_"
_BASE = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
# Read by the command line's client, not by the platform itself.
_FOREIGN = frozenset({"TENUTO_TOKEN", "TENUTO_URL", "TENUTO_WORKSPACE"})


class Doc(msgspec.Struct, frozen=True):
    """What a setting is for; the reference page is made of it."""

    text: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    home: Annotated[Path, Doc("Folder that holds the database, blobs and keys of this installation.")]
    host: Annotated[str, Doc("Address the platform listens on. Beyond loopback only if you say so.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, msgspec.Meta(ge=0, le=65535), Doc("Port of the one door; 0 takes any free one.")] = (
        8484
    )
    allowed_hosts: Annotated[str, Doc("Comma-separated host names under which people reach the console.")] = (
        "127.0.0.1,localhost,[::1]"
    )
    public_url: Annotated[
        str, Doc("Address that people and programs use, where a proxy stands before: `https://HOST`.")
    ] = ""
    trusted_proxies: Annotated[
        str,
        Doc(
            "Comma-separated addresses or networks of proxies whose `X-Forwarded-For` is believed: `10.0.0.0/24`."
        ),
    ] = ""
    database_url: Annotated[
        str, Doc("Your own PostgreSQL (15 or newer) instead of the embedded one: `postgresql://...`.")
    ] = ""
    database_owner_url: Annotated[
        str, Doc("Login that may change the schema, if `database_url` may not.")
    ] = ""
    database_system_url: Annotated[
        str, Doc("Login of the background tasks, if `database_url` may not act as `tenuto_system`.")
    ] = ""
    blobs_url: Annotated[str, Doc("Where contents are kept: a folder or an fsspec URL.")] = ""
    checkpoint_folder: Annotated[
        Path | None, Doc("Folder for signed audit checkpoints, outside `home`; best on another machine.")
    ] = None
    source_roots: Annotated[str, Doc("Colon-separated folders from which data sources may be read.")] = ""
    source_limit: Annotated[
        int, Doc("Largest size of all files of a source together, in bytes; they are read into memory.")
    ] = 500_000_000
    plugin_distributions: Annotated[
        str, Doc("Comma-separated distributions whose plugins may be loaded, besides Tenuto's own.")
    ] = ""
    upload_limit: Annotated[int, Doc("Largest upload in bytes: the packed folder of a project.")] = (
        200_000_000
    )
    call_limit: Annotated[int, Doc("Largest body of a model call in bytes.")] = 32_000_000
    database_wait: Annotated[
        float, Doc("Seconds a request waits for an absent database before it is refused.")
    ] = 15.0
    checkpoint_seconds: Annotated[float, Doc("Longest time between two audit checkpoints.")] = 10.0
    idle_seconds: Annotated[
        float, Doc("Seconds after which the preloaded process for pipeline steps is let go.")
    ] = 60.0
    worker_runs: Annotated[
        int,
        msgspec.Meta(ge=1),
        Doc("Pipeline runs that a worker drives at once, each under a lease of its own."),
    ] = 4

    @property
    def address(self) -> str:
        """The address that people and programs use."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The trusted proxies. Raises ValueError for what is no address."""
        given = [one.strip() for one in self.trusted_proxies.split(",") if one.strip()]
        return tuple(ipaddress.ip_network(one) for one in given)

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def checkpoints(self) -> Path:
        return self.checkpoint_folder or self.home.with_name(f"{self.home.name}-checkpoints")

    @property
    def blobs(self) -> str:
        return self.blobs_url or str(self.home / "blobs")


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line's client takes from the environment. Empty texts count as not given."""

    url: str
    token: str
    workspace: str
    config_folder: Path


def read_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Return the settings of this environment. Raises on unknown names and on values of the wrong type."""
    given = _given(os.environ if environment is None else environment)
    values = {"home": _default_home(), **given, **{k: v for k, v in overrides.items() if v is not None}}
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise TenutoError(SETTING_INVALID, str(error)) from None
    if settings.public_url and not _BASE.fullmatch(settings.public_url):
        detail = f"TENUTO_PUBLIC_URL: {settings.public_url!r} is not `https://HOST` or `https://HOST:PORT`"
        raise TenutoError(SETTING_INVALID, detail)
    try:
        _ = settings.proxies
    except ValueError as error:
        raise TenutoError(SETTING_INVALID, f"TENUTO_TRUSTED_PROXIES: {error}") from error
    return settings


def read_client_settings(environment: Mapping[str, str] | None = None) -> ClientSettings:
    """Return the platform, token and workspace of this environment, and the user's configuration folder."""
    given = os.environ if environment is None else environment
    configuration = given.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return ClientSettings(
        url=given.get("TENUTO_URL", ""),
        token=given.get("TENUTO_TOKEN", ""),
        workspace=given.get("TENUTO_WORKSPACE", ""),
        config_folder=Path(configuration) / "tenuto",
    )


def spoken_language(environment: Mapping[str, str] | None = None) -> str:
    """Return the language that the terminal's user reads (``fr``), as POSIX has it said; empty: none is said."""
    given = os.environ if environment is None else environment
    locale = given.get("LC_ALL") or given.get("LC_MESSAGES") or given.get("LANG") or ""
    return locale.partition(".")[0].partition("_")[0].lower()


def read_foreign(names: Iterable[str], environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return those of the named variables that are set and not empty: what other programs' users set for them."""
    given = os.environ if environment is None else environment
    return {name: given[name] for name in names if given.get(name)}


# The schema is brought up to date before any process starts: none of them needs a login that may change it.
_NOT_HANDED_ON = frozenset({"database_owner_url"})


def child_environment(settings: Settings) -> dict[str, str]:
    """Return what a process of the platform is given: its settings, and what finds programs and folders.

    Keys of providers and other secrets of the person who starts the platform stay outside, and so does the
    database's owner.
    """
    names = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "XDG_RUNTIME_DIR", "SSL_CERT_FILE")
    given = {name: os.environ[name] for name in names if name in os.environ}
    values = {
        name: getattr(settings, name) for name in Settings.__struct_fields__ if name not in _NOT_HANDED_ON
    }
    return given | {_PREFIX + name.upper(): str(value) for name, value in values.items() if value is not None}


def documented() -> list[tuple[str, str, str]]:
    """Return (variable, default, purpose) of every setting, for the reference page."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    return [
        (_PREFIX + name.upper(), _shown(defaults[name]), _doc(hints[name]).text)
        for name in Settings.__struct_fields__
    ]


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    known = {_PREFIX + name.upper(): name for name in Settings.__struct_fields__}
    given = {}
    for variable, value in environment.items():
        if not variable.startswith(_PREFIX) or variable in _FOREIGN:
            continue
        if variable not in known:
            nearest = difflib.get_close_matches(variable, known, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "see the settings reference"
            raise TenutoError(SETTING_UNKNOWN, f"{variable}: {hint}")
        given[known[variable]] = value
    return given


def _decode(kind: type, value: Any) -> Any:
    """Read what msgspec has no reader for: folders, which are the only such type here."""
    assert kind is Path
    return Path(value).expanduser().absolute()


def _default_home() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tenuto"


def _doc(hint: Any) -> Doc:
    found = next(extra for extra in get_args(hint) if isinstance(extra, Doc))
    assert isinstance(found, Doc)
    return found


def _shown(default: Any) -> str:
    return "" if default is msgspec.NODEFAULT or default is None else str(default)
