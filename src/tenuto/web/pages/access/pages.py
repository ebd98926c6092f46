"""The pages of access."""

from __future__ import annotations

from typing import Any

from tenuto.core.words import Ref, Scope
from tenuto.govern.access import use_cases as access
from tenuto.govern.access.asking import may, why_me
from tenuto.govern.actions import Action, action_named
from tenuto.govern.identities import use_cases as identities
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.policy import Explanation
from tenuto.registry import use_cases as registry
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.faults import status_of
from tenuto.web.pages.access.forms import (
    AccountForm,
    GrantForm,
    InviteForm,
    KeyForm,
    WhyForm,
    WhyQuery,
    subject_of,
)
from tenuto.web.pages.access.reading import everybody, keys
from tenuto.web.pages.place import Standing, allowed, scope_in, standing
from tenuto.web.registry.words import Refusal
from tenuto.web.words import Call, Flash, Redirect, View

PEOPLE, KEYS, WHY = "/access", "/access/keys", "/access/why"


def people(call: Call, _body: None, _query: None) -> View:
    return _people(call)


def _people(call: Call, *, status: int | None = None, **more: Any) -> View:
    stands, scope = standing(call), organisation_scope(call)
    values: dict[str, Any] = {
        "everybody": everybody(call, stands),
        "here": stands.here,
        "places": {place.id: place.name for place in stands.places},
        "roles": services_of(call).decider.roles,
        "may_invite": allowed(call, scope, "govern:person:invite", "Person"),
        "may_create": allowed(call, scope, "govern:service_account:create", "ServiceAccount"),
        "may_shut_out": allowed(call, scope, "govern:person:deactivate", "Person"),
        "may_shut_account": allowed(call, scope, "govern:service_account:deactivate", "ServiceAccount"),
        "may_grant": allowed(call, _scope(call, stands), "govern:role_binding:grant", "RoleBinding"),
        "may_revoke": allowed(call, _scope(call, stands), "govern:role_binding:revoke", "RoleBinding"),
        "invited": None,
        "refusal": None,
        "refused": "",
    }
    return View("access/people.html", values | more, title="access.title", status=status)


def invite(call: Call, body: InviteForm, _query: None) -> View:
    """Invite somebody and show the link, this once: so the page is the answer and nothing keeps it."""
    services = services_of(call)
    made = identities.invite(
        services.desk, organisation_scope(call), keeper=services.keeper, email=body.email, name=body.name
    )
    link = f"{services.address}/invitation?token={made.token.reveal()}"
    return _people(call, invited={"person": made.person, "link": link})


def shut_out(call: Call, _body: None, _query: None) -> Redirect:
    told = identities.deactivate(
        services_of(call).desk, organisation_scope(call), person_id=call.path["person"]
    )
    ended: dict[str, str | int] = {
        "name": told.actor.name,
        "count": told.sessions_ended + len(told.keys_revoked),
    }
    return Redirect(PEOPLE, flash=Flash("access.shut_out_done", ended))


def let_in(call: Call, _body: None, _query: None) -> Redirect:
    person = identities.reactivate(
        services_of(call).desk, organisation_scope(call), person_id=call.path["person"]
    )
    return Redirect(PEOPLE, flash=Flash("access.let_in_done", {"name": person.name}))


def shut_account_out(call: Call, _body: None, _query: None) -> Redirect:
    told = identities.deactivate_account(
        services_of(call).desk, organisation_scope(call), name=call.path["name"]
    )
    return Redirect(
        PEOPLE,
        flash=Flash("access.shut_out_done", {"name": told.actor.name, "count": len(told.keys_revoked)}),
    )


def let_account_in(call: Call, _body: None, _query: None) -> Redirect:
    account = identities.reactivate_account(
        services_of(call).desk, organisation_scope(call), name=call.path["name"]
    )
    return Redirect(PEOPLE, flash=Flash("access.let_in_done", {"name": account.name}))


def create_account(call: Call, body: AccountForm, _query: None) -> Redirect:
    made = identities.create_account(services_of(call).desk, organisation_scope(call), name=body.name)
    return Redirect(PEOPLE, flash=Flash("access.account_made", {"name": made.name}))


def grant(call: Call, body: GrantForm, _query: None) -> Redirect:
    services, stands = services_of(call), standing(call)
    kind, name = subject_of(body.subject)
    scope = _scope(call, stands) if body.here else organisation_scope(call)
    access.grant(
        services.desk,
        scope,
        decider=services.decider,
        subject_kind=kind.value,
        subject=name,
        role=body.role,
    )
    return Redirect(
        PEOPLE, flash=Flash("access.granted", {"name": name, "role": body.role.replace("_", " ")})
    )


def revoke(call: Call, _body: None, _query: None) -> Redirect:
    desk, binding = services_of(call).desk, call.path["binding"]
    stands = standing(call)
    every = everybody(call, stands).bindings or ()
    place = next((one.workspace for one in every if one.id == binding), None)
    scope = _scope(call, stands) if place else organisation_scope(call)
    revoked = access.revoke(desk, scope, binding_id=binding)
    return Redirect(PEOPLE, flash=Flash("access.revoked", {"role": revoked.role.replace("_", " ")}))


def refused_people(form: str) -> Any:
    def again(call: Call, refusal: Refusal) -> View:
        return _people(call, refusal=refusal, refused=form, status=status_of(refusal.error))

    return again


def show_keys(call: Call, _body: None, _query: None) -> View:
    return _keys(call)


def _keys(call: Call, *, status: int | None = None, **more: Any) -> View:
    stands = standing(call)
    every = everybody(call, stands)
    owner = Ref("ApiKey", "new", "new", _scope(call, stands).workspace, {"owner": call.actor.answerable})
    values: dict[str, Any] = {
        "keys": keys(call, stands),
        "accounts": [(one.name, one.name) for one in every.accounts or ()],
        "places": {place.id: place.name for place in stands.places},
        "here": stands.here,
        "may_create": may(services_of(call).desk, _scope(call, stands), "govern:api_key:create", owner),
        "made": None,
        "refusal": None,
    }
    return View("access/keys.html", values | more, title="access.keys.title", status=status)


def create_key(call: Call, body: KeyForm, _query: None) -> View:
    """Make a key and show it, this once."""
    services, stands = services_of(call), standing(call)
    named = [name.strip() for name in body.models.split(",") if name.strip()]
    made = identities.create_key(
        services.desk,
        _scope(call, stands) if body.purpose is KeyPurpose.GATEWAY else organisation_scope(call),
        keeper=services.keeper,
        name=body.name,
        purpose=body.purpose,
        account=body.account or None,
        models=named or None,
        days=body.days,
    )
    return _keys(call, made={"info": made.info, "key": made.key.reveal()})


def revoke_key(call: Call, _body: None, _query: None) -> Redirect:
    stands, key = standing(call), call.path["key"]
    found = next((one for one in keys(call, stands) if one.id == key), None)
    scope = _scope(call, stands) if found and found.workspace else organisation_scope(call)
    info = identities.revoke_key(services_of(call).desk, scope, key_id=key)
    return Redirect(KEYS, flash=Flash("access.keys.revoked", {"name": info.name}))


def refused_key(call: Call, refusal: Refusal) -> View:
    return _keys(call, refusal=refusal, status=status_of(refusal.error))


def ask_why(call: Call, _body: None, query: WhyQuery) -> View:
    own = f"person:{call.actor.id}"
    return _why(call, asked={"subject": own, "action": query.action} if query.action else {})


def _why(call: Call, *, status: int | None = None, **more: Any) -> View:
    stands = standing(call)
    own = (f"person:{call.actor.id}", call.actor.name)
    values: dict[str, Any] = {
        "subjects": everybody(call, stands).subjects or [own],
        "actions": [(action.value, action.value) for action in Action],
        "explanation": None,
        "here": stands.here,
        "asked": {},
        "refusal": None,
    }
    return View("access/why.html", values | more, title="access.why.title", status=status)


def why(call: Call, body: WhyForm, _query: None) -> View:
    action = action_named(body.action)
    scope = _scope(call, standing(call))
    explanation = _explained(call, scope, body, _resource(call, scope, action, body.name))
    asked = {"subject": body.subject, "action": body.action, "name": body.name}
    return _why(call, explanation=explanation, asked=asked)


def refused_why(call: Call, refusal: Refusal) -> View:
    return _why(call, refusal=refusal, asked=refusal.values, status=status_of(refusal.error))


def _explained(call: Call, scope: Scope, body: WhyForm, resource: Ref) -> Explanation:
    """Ask about others with the right to, about oneself without one."""
    services = services_of(call)
    kind, name = subject_of(body.subject)
    if name == call.actor.id:
        return why_me(services.desk, scope, services.decider, body.action, resource)
    return access.explain(
        services.desk,
        scope,
        decider=services.decider,
        subject_kind=kind.value,
        subject=name,
        action=body.action,
        resource=resource,
    )


def _resource(call: Call, scope: Scope, action: Action, name: str) -> Ref:
    """Return what is asked about. A model version is loaded, for its authors decide about it too."""
    kind = "Workspace" if "Workspace" in action.kinds and scope.workspace else action.kinds[0]
    if kind == "Workspace":
        return Ref(kind, scope.workspace or "", "", scope.workspace)
    model, at, version = name.rpartition("@")
    if kind == "ModelVersion" and at and version.isdigit():
        return registry.model(services_of(call).desk, scope, name=model, version=int(version)).ref
    return Ref(kind, name or "*", name, scope.workspace)


def _scope(call: Call, stands: Standing) -> Scope:
    return scope_in(call, stands.here) if stands.here else organisation_scope(call)
