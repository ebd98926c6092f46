"""The policies in force: read, checked against the schema, and parsed once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

import cedarpy
import msgspec

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.govern.errors import POLICY_INVALID
from tenuto.govern.policy.schema import schema_text

_SLOTS = {"?principal", "?resource"}


class PolicyText(msgspec.Struct, frozen=True):
    """Cedar text and the name it is known by in errors (a file, a declared policy)."""

    name: str
    text: str


class RoleFacts(msgspec.Struct, frozen=True):
    """A role is one or more templates that carry its name in ``@role``; one of them has its ``@title``."""

    name: str
    title: str
    templates: tuple[str, ...]


class StaticFacts(msgspec.Struct, frozen=True):
    """A policy without slots. ``reason`` completes "... may not ...: "."""

    id: str
    reason: str
    forbids: bool


class PolicyLibrary:
    """Policies of one version. It never changes; making one takes a tenth of a second, so make it once.

    Every policy has an ``@id`` of its own. A template has both slots and a ``@role``. What does not fit the
    schema (a misspelled action, an attribute that a kind does not have) is refused with its id.
    """

    def __init__(self, texts: Sequence[PolicyText]) -> None:
        self.schema = cedarpy.Schema.from_str(schema_text())
        templates, statics = [], []
        for text in texts:
            found_templates, found_statics = _checked(text, self.schema)
            templates += found_templates
            statics += found_statics
        _require_distinct(each["id"] for each in [*templates, *statics])
        whole = "\n".join(text.text for text in texts)
        self.policies = cedarpy.PolicySet.from_str(whole)
        self.role_policies = _roles_only(whole)
        self.roles = _roles(templates)
        self.statics = {
            each["id"]: StaticFacts(each["id"], each.get("reason", ""), each["effect"] == "forbid")
            for each in statics
        }
        self.version = digest_of(json.dumps([schema_text(), *(text.text for text in texts)]).encode())

    @classmethod
    def built_in(cls, extra: Sequence[PolicyText] = ()) -> PolicyLibrary:
        """Return the built-in roles and guardrails, with ``extra`` policies beside them."""
        folder = resources.files("tenuto.govern.policy") / "builtin"
        files = sorted(folder.iterdir(), key=lambda file: file.name)
        texts = [
            PolicyText(file.name, file.read_text("utf-8")) for file in files if file.name.endswith(".cedar")
        ]
        return cls([*texts, *extra])


def _checked(source: PolicyText, schema: cedarpy.Schema) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the annotations and effects of a text's templates and of its other policies."""
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(source.text))
    except ValueError as error:
        raise TenutoError(POLICY_INVALID, f"{source.name}: {error}") from error
    templates = {place: _facts(source, each) for place, each in parsed["templates"].items()}
    statics = {place: _facts(source, each) for place, each in parsed["staticPolicies"].items()}
    _require_valid(source, schema, templates | statics)
    for each in cedarpy.PolicySet.from_str(source.text).templates():
        _require_role(source, templates[each["id"]], set(each["slots"]))
    return list(templates.values()), list(statics.values())


def _require_valid(
    source: PolicyText, schema: cedarpy.Schema, named: Mapping[str, Mapping[str, str]]
) -> None:
    """Raise when a policy does not fit the schema. Cedar calls policies by their place; we call them by id."""
    errors = cedarpy.validate_policies(source.text, schema).errors
    if errors:
        told = "; ".join(
            f"{named[each.policy_id]['id']}: {each.error.removeprefix(f'for policy `{each.policy_id}`, ')}"
            for each in errors
        )
        raise TenutoError(POLICY_INVALID, f"{source.name}: {told}")


def _require_role(source: PolicyText, template: Mapping[str, str], slots: set[str]) -> None:
    if slots != _SLOTS or not template.get("role"):
        raise TenutoError(
            POLICY_INVALID, f"{source.name}: {template['id']} has slots: it needs both, and a @role"
        )
    if template["effect"] != "permit":
        raise TenutoError(
            POLICY_INVALID, f"{source.name}: {template['id']} is of a role, and may only permit"
        )


def _facts(source: PolicyText, policy: dict[str, Any]) -> dict[str, Any]:
    annotations = dict(policy.get("annotations", {}))
    if not annotations.get("id"):
        raise TenutoError(POLICY_INVALID, f"{source.name}: every policy needs an @id")
    return annotations | {"effect": policy["effect"]}


def _roles_only(text: str) -> cedarpy.PolicySet:
    """Return the templates alone, to see what roles allow before anything is forbidden."""
    parts = json.loads(cedarpy.policies_to_json_str(text))
    return cedarpy.PolicySet.from_json_str(json.dumps(parts | {"staticPolicies": {}}))


def _require_distinct(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise TenutoError(POLICY_INVALID, f"two policies have the id {each!r}")
        seen.add(each)


def _roles(templates: Iterable[dict[str, Any]]) -> dict[str, RoleFacts]:
    roles: dict[str, RoleFacts] = {}
    for each in templates:
        name = each["role"]
        known = roles.get(name, RoleFacts(name, name, ()))
        roles[name] = RoleFacts(name, each.get("title", known.title), (*known.templates, each["id"]))
    return roles
