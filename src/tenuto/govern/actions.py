"""Every action that a permission can be asked for, as one closed list: ``area:resource:verb``.

A use case names its action; a policy allows or forbids it on a resource. What is not in this list cannot be
asked, and a policy that names anything else is refused when it is loaded.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import Enum
from types import MappingProxyType
from typing import Self

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import ACTION_UNKNOWN

DECLARED = (
    "Workspace",
    "Role",
    "RoleBinding",
    "Policy",
    "Provider",
    "Route",
    "Price",
    "Budget",
    "GuardrailPolicy",
    "EgressRule",
    "Source",
    "Gate",
    "Pipeline",
    "Schedule",
    "Endpoint",
)
"""The kinds that are declared in files, with one mechanism for all of them. Their instances are resources."""


class Nature(Enum):
    """What an action does, which decides whether it is recorded."""

    READ = "read"  # plain: asked, not recorded
    EVIDENCE = "evidence"  # reads what others did, or takes content out: recorded
    USE = "use"  # calls a model: recorded with what it used
    CHANGE = "change"  # recorded


READ, EVIDENCE, USE, CHANGE = Nature.READ, Nature.EVIDENCE, Nature.USE, Nature.CHANGE


class Action(Enum):
    """``value`` is the name in policies and records; ``phrase`` completes "who may not ..."."""

    nature: Nature
    kinds: tuple[str, ...]
    phrase: str

    RESOURCE_READ = "govern:resource:read", READ, ("Resource", *DECLARED), "read a declared resource"
    RESOURCE_APPLY = "govern:resource:apply", CHANGE, DECLARED, "create or change a declared resource"
    RESOURCE_DELETE = "govern:resource:delete", CHANGE, DECLARED, "delete a declared resource"

    ORGANISATION_READ = "govern:organisation:read", READ, ("Organisation",), "see the organisation"
    ORGANISATION_CHANGE = "govern:organisation:change", CHANGE, ("Organisation",), "change the organisation"
    PERSON_READ = "govern:person:read", READ, ("Person",), "see a person"
    PERSON_INVITE = "govern:person:invite", CHANGE, ("Person",), "invite a person"
    PERSON_CHANGE = "govern:person:change", CHANGE, ("Person",), "change a person's name or password"
    PERSON_DEACTIVATE = (
        "govern:person:deactivate",
        CHANGE,
        ("Person",),
        "shut a person out or let one back in",
    )
    ACCOUNT_READ = "govern:service_account:read", READ, ("ServiceAccount",), "see a service account"
    ACCOUNT_CREATE = "govern:service_account:create", CHANGE, ("ServiceAccount",), "create a service account"
    ACCOUNT_CHANGE = "govern:service_account:change", CHANGE, ("ServiceAccount",), "change a service account"
    ACCOUNT_DEACTIVATE = (
        "govern:service_account:deactivate",
        CHANGE,
        ("ServiceAccount",),
        "shut a service account out or let one back in",
    )
    BINDING_READ = "govern:role_binding:read", READ, ("RoleBinding",), "see who has which role"
    BINDING_GRANT = "govern:role_binding:grant", CHANGE, ("RoleBinding",), "give somebody a role"
    BINDING_REVOKE = "govern:role_binding:revoke", CHANGE, ("RoleBinding",), "take a role away"
    KEY_READ = "govern:api_key:read", READ, ("ApiKey",), "see API keys (never their secrets)"
    KEY_CREATE = "govern:api_key:create", CHANGE, ("ApiKey",), "create or rotate an API key"
    KEY_REVOKE = "govern:api_key:revoke", CHANGE, ("ApiKey",), "revoke an API key"
    SECRET_READ = "govern:secret:read", READ, ("Secret",), "see which secrets exist (never their values)"
    SECRET_WRITE = "govern:secret:write", CHANGE, ("Secret",), "write a secret"
    SECRET_DELETE = "govern:secret:delete", CHANGE, ("Secret",), "delete a secret"
    SECRET_ROTATE = "govern:secret:rotate", CHANGE, ("Organisation",), "rotate the keys under the secrets"
    POLICY_EXPLAIN = (
        "govern:policy:explain",
        EVIDENCE,
        ("Workspace", "Organisation"),
        "see why others may or may not",
    )
    AUDIT_READ = "govern:audit:read", EVIDENCE, ("AuditLog",), "read the audit log"
    AUDIT_EXPORT = "govern:audit:export", EVIDENCE, ("AuditLog",), "export the audit log"
    AUDIT_VERIFY = "govern:audit:verify", EVIDENCE, ("AuditLog",), "verify the audit log"
    AUDIT_CHECKPOINT = "govern:audit:checkpoint", CHANGE, ("AuditLog",), "sign a checkpoint of the audit log"

    LEDGER_READ = "spend:ledger:read", READ, ("Ledger",), "see what was used and what it cost"
    LEDGER_EXPORT = "spend:ledger:export", EVIDENCE, ("Ledger",), "export the ledger"

    CALL_INVOKE = "gateway:call:invoke", USE, ("Route",), "call a model through a route"
    TRAFFIC_READ = "gateway:traffic:read", EVIDENCE, ("Traffic",), "see the calls that others made"
    PROVIDER_TEST = "gateway:provider:test", USE, ("Provider",), "test a provider"

    SOURCE_INGEST = "data:source:ingest", CHANGE, ("Source",), "take data in from a source"

    ARTIFACT_READ = "registry:artifact:read", READ, ("Artifact",), "read an artifact"
    ARTIFACT_REGISTER = "registry:artifact:register", CHANGE, ("Artifact",), "register an artifact"
    DATASET_READ = "registry:dataset:read", READ, ("Dataset",), "see a dataset"
    DATASET_REGISTER = "registry:dataset:register", CHANGE, ("Dataset",), "register a dataset version"
    DATASET_DOWNLOAD = "registry:dataset:download", EVIDENCE, ("Dataset",), "take the rows of a dataset out"
    MODEL_READ = "registry:model:read", READ, ("ModelVersion",), "see a model version"
    MODEL_REGISTER = "registry:model:register", CHANGE, ("ModelVersion",), "register a model version"
    MODEL_DOWNLOAD = "registry:model:download", EVIDENCE, ("ModelVersion",), "take a model version out"
    MODEL_APPROVE = "registry:model:approve", CHANGE, ("ModelVersion",), "approve or refuse a model version"
    APPROVAL_READ = "registry:approval:read", READ, ("Approval",), "see what waits for a decision"
    APPROVAL_DECIDE = "registry:approval:decide", CHANGE, ("Approval",), "decide what waits for a decision"

    RUN_READ = "pipelines:run:read", READ, ("Run",), "see a run"
    RUN_SUBMIT = "pipelines:run:submit", CHANGE, ("Run", "Pipeline"), "start a run"
    RUN_CANCEL = "pipelines:run:cancel", CHANGE, ("Run",), "cancel a run"
    CODE_SUBMIT = "pipelines:code:submit", CHANGE, ("Code", "Pipeline"), "submit code that Tenuto will run"
    CODE_READ = "pipelines:code:read", READ, ("Code",), "read submitted code"

    ENDPOINT_READ = "serving:endpoint:read", READ, ("Endpoint",), "see an endpoint"
    ENDPOINT_DEPLOY = "serving:endpoint:deploy", CHANGE, ("Endpoint",), "put a model version into traffic"
    ENDPOINT_ROLLBACK = "serving:endpoint:rollback", CHANGE, ("Endpoint",), "go back to the version before"
    ENDPOINT_RETIRE = "serving:endpoint:retire", CHANGE, ("Endpoint",), "take an endpoint out of traffic"
    ENDPOINT_INVOKE = "serving:endpoint:invoke", USE, ("Endpoint",), "ask an endpoint for predictions"

    FINDING_READ = "guard:finding:read", EVIDENCE, ("Finding",), "see what the guards found"

    def __new__(cls, value: str, nature: Nature, kinds: tuple[str, ...], phrase: str) -> Self:
        action = object.__new__(cls)
        action._value_ = value
        action.nature, action.kinds, action.phrase = nature, kinds, phrase
        return action

    @property
    def area(self) -> str:
        """The room that performs it."""
        return str(self.value).partition(":")[0]

    @property
    def mutating(self) -> bool:
        return self.nature is Nature.CHANGE

    @property
    def recorded(self) -> bool:
        return self.nature is not Nature.READ


_BY_NAME = MappingProxyType({str(action.value): action for action in Action})


def action_named(name: str) -> Action:
    """Return the action of that name. An unknown one is never allowed and never merely denied."""
    action = _BY_NAME.get(name)
    if action is None:
        nearest = get_close_matches(name, _BY_NAME, n=1)
        hint = f"did you mean `{nearest[0]}`?" if nearest else "an action is `area:resource:verb`"
        raise TenutoError(ACTION_UNKNOWN, f"`{name}`: {hint}")
    return action


def kinds() -> list[str]:
    """Return every kind of resource that an action applies to."""
    return sorted({kind for action in Action for kind in action.kinds})
