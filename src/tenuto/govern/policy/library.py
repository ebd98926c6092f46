"""The policies in force: read, checked against the schema, and handed out in the small sets that questions need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

import cedarpy
import msgspec

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.govern.actions import Action, Nature
from tenuto.govern.errors import POLICY_INVALID
from tenuto.govern.policy.schema import ANY, schema_text

_SLOTS = {"?principal", "?resource"}
_EVERY = frozenset(str(action.value) for action in Action)


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


class _Policy(msgspec.Struct, frozen=True):
    """One policy in Cedar's JSON form, called by its own ``@id`` instead of its place in a file."""

    annotations: Mapping[str, str]
    form: dict[str, Any]
    actions: frozenset[str]
    is_template: bool

    @property
    def id(self) -> str:
        return self.annotations["id"]

    @property
    def forbids(self) -> bool:
        return bool(self.form["effect"] == "forbid")


class PolicyLibrary:
    """Policies of one version. It never changes.

    Every policy has an ``@id`` of its own. A template has both slots and a ``@role``. What does not fit the
    schema (a misspelled action, an attribute that a kind does not have) is refused with its id.
    """

    def __init__(self, texts: Sequence[PolicyText], *, shipped: Sequence[PolicyText] = ()) -> None:
        """``shipped`` texts are not held against the schema again: tests do that, once for all starts."""
        self.schema = cedarpy.Schema.from_str(schema_text())
        self._policies: dict[str, _Policy] = {}
        read = [
            *(each for text in shipped for each in _read(text).values()),
            *(each for text in texts for each in _checked(text, self.schema)),
        ]
        for policy in read:
            if policy.id in self._policies:
                raise TenutoError(POLICY_INVALID, f"two policies have the id {policy.id!r}")
            self._policies[policy.id] = policy
        self.roles = _roles(each for each in self._policies.values() if each.is_template)
        self.statics = {
            each.id: StaticFacts(each.id, each.annotations.get("reason", ""), each.forbids)
            for each in self._policies.values()
            if not each.is_template
        }
        told = [schema_text(), *(text.text for text in (*shipped, *texts))]
        self.version = digest_of(json.dumps(told).encode())
        self._sets: dict[frozenset[str], cedarpy.PolicySet] = {}

    @classmethod
    def built_in(cls, extra: Sequence[PolicyText] = ()) -> PolicyLibrary:
        """Return the built-in roles and guardrails, with ``extra`` policies beside them."""
        return cls(extra, shipped=shipped_texts())

    def templates_of(self, role: str, action: Action) -> list[str]:
        """Return the templates of a role that can allow the action."""
        return [name for name in self.roles[role].templates if action.value in self._policies[name].actions]

    def statics_on(self, action: Action) -> list[str]:
        """Return the policies for everybody that can have a say on the action."""
        return [name for name in self.statics if action.value in self._policies[name].actions]

    def some(self, names: Iterable[str]) -> cedarpy.PolicySet:
        """Return a set of just these policies. Few different ones are ever asked for, so they are kept."""
        wanted = frozenset(names)
        known = self._sets.get(wanted)
        if known is None:
            chosen = [self._policies[name] for name in sorted(wanted)]
            form = {
                "templates": {each.id: each.form for each in chosen if each.is_template},
                "staticPolicies": {each.id: each.form for each in chosen if not each.is_template},
                "templateLinks": [],
            }
            known = self._sets[wanted] = cedarpy.PolicySet.from_json_str(json.dumps(form))
        return known


def shipped_texts() -> list[PolicyText]:
    """Return the policies that come with Tenuto, file by file."""
    folder = resources.files("tenuto.govern.policy") / "builtin"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [PolicyText(file.name, file.read_text("utf-8")) for file in files if file.name.endswith(".cedar")]


def _checked(source: PolicyText, schema: cedarpy.Schema) -> list[_Policy]:
    """Return the policies of a text, each held against the schema."""
    placed = _read(source)
    _require_valid(source, schema, placed)
    return list(placed.values())


def _read(source: PolicyText) -> dict[str, _Policy]:
    """Return the policies of a text by their place in it."""
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(source.text))
    except ValueError as error:
        raise TenutoError(POLICY_INVALID, f"{source.name}: {error}") from error
    placed = {
        **{place: _policy(source, form, True) for place, form in parsed["templates"].items()},
        **{place: _policy(source, form, False) for place, form in parsed["staticPolicies"].items()},
    }
    for each in cedarpy.PolicySet.from_str(source.text).templates():
        _require_role(source, placed[each["id"]], set(each["slots"]))
    return placed


def _policy(source: PolicyText, form: dict[str, Any], is_template: bool) -> _Policy:
    annotations = form.get("annotations", {})
    if not annotations.get("id"):
        raise TenutoError(POLICY_INVALID, f"{source.name}: every policy needs an @id")
    return _Policy(annotations, form, _actions_of(form["action"]), is_template)


def _actions_of(scope: Mapping[str, Any]) -> frozenset[str]:
    """Return the actions that the head of a policy names, groups spelled out."""
    if scope["op"] == "All":
        return _EVERY
    named = [each["id"] for each in scope.get("entities", [scope.get("entity")])]
    groups = {
        nature.value: {str(each.value) for each in Action if each.nature is nature} for nature in Nature
    }
    return frozenset().union(*(_EVERY if name == ANY else groups.get(name, {name}) for name in named))


def _require_valid(source: PolicyText, schema: cedarpy.Schema, placed: Mapping[str, _Policy]) -> None:
    """Raise when a policy does not fit the schema. Cedar calls policies by their place; we call them by id."""
    errors = cedarpy.validate_policies(source.text, schema).errors
    if errors:
        told = "; ".join(
            f"{placed[each.policy_id].id}: {each.error.removeprefix(f'for policy `{each.policy_id}`, ')}"
            for each in errors
        )
        raise TenutoError(POLICY_INVALID, f"{source.name}: {told}")


def _require_role(source: PolicyText, template: _Policy, slots: set[str]) -> None:
    if slots != _SLOTS or not template.annotations.get("role"):
        raise TenutoError(
            POLICY_INVALID, f"{source.name}: {template.id} has slots: it needs both, and a @role"
        )
    if template.forbids:
        raise TenutoError(POLICY_INVALID, f"{source.name}: {template.id} is of a role, and may only permit")


def _roles(templates: Iterable[_Policy]) -> dict[str, RoleFacts]:
    roles: dict[str, RoleFacts] = {}
    for each in templates:
        name = each.annotations["role"]
        known = roles.get(name, RoleFacts(name, name, ()))
        roles[name] = RoleFacts(name, each.annotations.get("title", known.title), (*known.templates, each.id))
    return roles
