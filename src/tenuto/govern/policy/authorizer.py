"""Decisions. Each is made over the few policies that can matter to one actor in one place.

Cedar's cost grows with the number of policies it looks at, not with the number of entities. So what an actor's
bindings in one place say on one action is linked into a policy set of its own, together with the policies that
hold for everybody, and kept. Roles always name their principal, their scope and their actions: leaving out what
names others changes no answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import cedarpy
import msgspec

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.words import Actor, ActorKind, Effect, Ref, Verdict
from tenuto.govern.actions import Action, action_named, kinds
from tenuto.govern.errors import BINDING_INVALID, ROLE_UNKNOWN
from tenuto.govern.policy import entities, wording
from tenuto.govern.policy.evaluation import Answer, Linked, Question, ask, link
from tenuto.govern.policy.library import PolicyLibrary
from tenuto.govern.policy.schema import PRINCIPALS
from tenuto.govern.policy.words import Binding, Considered, Explanation, Place

_NOBODY_YET = "somebody"  # the principal that roles are tried on


class Authorizer:
    """Decides over one state of policies, bindings and workspaces. When any of them changes, make a new one.

    It holds no connection and reads no clock: the same question has the same answer, in any thread.
    """

    def __init__(
        self,
        library: PolicyLibrary,
        bindings: Iterable[Binding],
        places: Iterable[Place],
        *,
        kept: int = 2_000,
    ) -> None:
        """``kept`` bounds how many small policy sets are remembered; each takes some twenty kilobytes."""
        self._library = library
        self._kept = kept
        self._places = {place.id: place for place in places}
        self._bindings: dict[tuple[ActorKind, str], list[Binding]] = defaultdict(list)
        for binding in bindings:
            _require_sound(binding, library)
            self._bindings[binding.subject_kind, binding.subject].append(binding)
        self._slices: dict[tuple[ActorKind, str, str | None, Action], Linked] = {}
        self._trials: dict[tuple[ActorKind, Action], Linked] = {}
        self._around: dict[str | None, cedarpy.Entities] = {}
        self.version = _version(library, self._bindings, self._places)

    def decide(
        self, actor: Actor, action: Action | str, resource: Ref, *, workspace: str | None = None
    ) -> Verdict:
        """Tell whether ``actor`` may do ``action`` to ``resource``, as loaded.

        ``workspace`` is the one the actor works in (its scope), which binds runs to their own. What cannot be
        decided raises, so it is never taken for an allowance.
        """
        question = Question(actor, _action(action), resource, workspace)
        if actor.kind is ActorKind.ANONYMOUS:
            return self._verdict(Effect.DENY, wording.anonymous(question.action), "default:anonymous")
        part = self._slice(question)
        answer = self._ask(question, part)
        if not answer.policies:
            told = wording.no_role(actor, question.action, self._roles_that_allow(question))
            return self._verdict(Effect.DENY, told, "default:deny")
        return self._told(question, part, answer)

    def allows(
        self, actor: Actor, action: Action | str, resource: Ref, *, workspace: str | None = None
    ) -> bool:
        """Tell the same as ``decide`` without its reason, at half the cost of a refusal: for filtering lists."""
        question = Question(actor, _action(action), resource, workspace)
        if actor.kind is ActorKind.ANONYMOUS:
            return False
        return self._ask(question, self._slice(question)).allowed

    def explain(
        self, actor: Actor, action: Action | str, resource: Ref, *, workspace: str | None = None
    ) -> Explanation:
        """Return the verdict, what came of each of the actor's bindings, and the roles that would allow it.

        What is asked about in general, nobody owns: the answer for the actor's own is given beside.
        """
        question = Question(actor, _action(action), resource, workspace)
        verdict = self.decide(actor, question.action, resource, workspace=workspace)
        if actor.kind is ActorKind.ANONYMOUS:
            return Explanation(verdict, (), ())
        near = self._near(actor, entities.place_of(resource))
        linked = link(self._library, question.action, entities.principal_uid(actor), near)
        mine = msgspec.structs.replace(question, resource=entities.owned_by(actor, resource))
        granting, granting_own = (self._granting(each, linked) for each in (question, mine))
        considered = tuple(
            self._considered(each, question, granting=granting, granting_own=granting_own)
            for each in self._bindings.get((actor.kind, actor.id), [])
        )
        own = self.decide(actor, question.action, mine.resource, workspace=workspace)
        for_oneself = own if own.effect is not verdict.effect else None
        return Explanation(verdict, considered, tuple(self._roles_that_allow(question)), for_oneself)

    def _granting(self, question: Question, linked: Linked) -> set[str]:
        return {linked.links[each].id for each in self._ask(question, linked).policies}

    def _told(self, question: Question, part: Linked, answer: Answer) -> Verdict:
        deciding = answer.policies[0]
        binding = part.links.get(deciding)
        if binding is not None:
            title = self._library.roles[binding.role].title
            reason = wording.role_allows(question.actor, question.action, binding, title, self._places)
            return self._verdict(Effect.ALLOW, reason, f"role:{binding.role}/{binding.id}")
        effect = Effect.ALLOW if answer.allowed else Effect.DENY
        policy = self._library.statics[deciding]
        reason = wording.policy_decides(question.actor, question.action, policy, effect)
        return self._verdict(effect, reason, f"policy:{deciding}")

    def _considered(
        self, binding: Binding, question: Question, *, granting: set[str], granting_own: set[str]
    ) -> Considered:
        resource = question.resource
        if binding.id in granting_own - granting:
            return Considered(binding, False, wording.why_own(binding, self._places))
        grants = binding.id in granting
        reaches = binding.reaches(resource, entities.place_of(resource))
        return Considered(binding, grants, wording.why(binding, grants, reaches, self._places))

    def _ask(self, question: Question, linked: Linked) -> Answer:
        place = entities.place_of(question.resource)
        around = self._around.get(place)
        if around is None:
            around = self._around_of(place)
        return ask(question, linked, around, self._library.schema)

    def _slice(self, question: Question) -> Linked:
        actor, action = question.actor, question.action
        place = entities.place_of(question.resource)
        key = (actor.kind, actor.id, place, action)
        known = self._slices.get(key)
        if known is None:
            principal, near = entities.principal_uid(actor), self._near(actor, place)
            known = link(self._library, action, principal, near, self._library.statics_on(action))
            self._keep(self._slices, key, known)
        return known

    def _near(self, actor: Actor, place: str | None) -> list[Binding]:
        """Return the actor's bindings that can reach anything in a place."""
        own = self._bindings.get((actor.kind, actor.id), [])
        return [each for each in own if each.workspace is None or each.workspace == place]

    def _around_of(self, place: str | None) -> cedarpy.Entities:
        """Return what stands around resources of a place. An unknown workspace is as strict as one can be."""
        known = None if place is None else self._places.get(place, Place(place, place))
        made = cedarpy.Entities.from_json_str(entities.place_entities(known))
        self._keep(self._around, place, made)
        return made

    def _trial(self, kind: ActorKind, action: Action) -> Linked:
        """Return every role that names the action, given in the whole organisation to somebody of this kind."""
        known = self._trials.get((kind, action))
        if known is None:
            somebody = {"type": PRINCIPALS[kind], "id": _NOBODY_YET}
            roles = [
                Binding(id=name, subject_kind=kind, subject=_NOBODY_YET, role=name)
                for name in self._library.roles
            ]
            known = self._trials[kind, action] = link(self._library, action, somebody, roles)
        return known

    def _roles_that_allow(self, question: Question) -> list[str]:
        """Return the roles that would allow it if the actor had them, forbids left aside."""
        actor = question.actor
        somebody = Actor(actor.kind, _NOBODY_YET, actor.name, actor.answerable)
        trial = self._trial(actor.kind, question.action)
        answer = self._ask(msgspec.structs.replace(question, actor=somebody), trial)
        return sorted({trial.links[each].role for each in answer.policies})

    def _keep(self, cache: dict[Any, Any], key: Any, value: Any) -> None:
        """Keep what was built. A full cache is emptied: it fills again in microseconds a question."""
        if len(cache) >= self._kept:
            cache.clear()
        cache[key] = value

    def _verdict(self, effect: Effect, reason: str, rule: str) -> Verdict:
        return Verdict(effect, reason, rule, self.version)


def _action(action: Action | str) -> Action:
    return action_named(action) if isinstance(action, str) else action


def _require_sound(binding: Binding, library: PolicyLibrary) -> None:
    if binding.role not in library.roles:
        raise TenutoError(ROLE_UNKNOWN, f"{binding.role!r}; there are: {', '.join(sorted(library.roles))}")
    if binding.subject_kind not in PRINCIPALS:
        raise TenutoError(BINDING_INVALID, f"{binding.id}: a role cannot go to {binding.subject_kind.value}")
    if (binding.resource is None) != (binding.resource_kind is None):
        raise TenutoError(BINDING_INVALID, f"{binding.id}: a resource has a kind and an id")
    if binding.resource_kind is not None and binding.resource_kind not in kinds():
        raise TenutoError(BINDING_INVALID, f"{binding.id}: there is no kind {binding.resource_kind!r}")


def _version(library: PolicyLibrary, *state: Mapping[Any, Any]) -> str:
    """Return a digest of the policies, the bindings and the workspaces: all that a decision depends on."""
    parts = [library.version.encode()]
    for each in state:
        parts += [b"", *sorted(msgspec.json.encode(value) for value in each.values())]
    return digest_of(b"\n".join(parts))
