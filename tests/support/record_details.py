"""What the record of each use case says beside who, what and why: the keys of its detail.

A reader of the log relies on them. A use case that says more, less or nothing is held against this list.
"""

from __future__ import annotations

from tenuto.govern.actions import Action

DETAILS: dict[str, set[str]] = {
    "gateway.declared.use_cases:provider_tested": {"fault", "models", "phase", "works"},
    "gateway.declared.use_cases:provider_to_test": {"phase"},
    "govern.access.use_cases:explain": {"asked", "resource", "subject"},
    "govern.access.use_cases:grant": {"role", "subject", "subject_id"},
    "govern.access.use_cases:revoke": {"role", "subject_id"},
    "govern.audit.use_cases:entries": {"action", "actor", "resource"},
    "govern.audit.use_cases:entry": {"record"},
    "govern.audit.use_cases:export": {"checkpoints", "records"},
    "govern.audit.use_cases:verify": {"ok", "problems", "records"},
    "govern.identities.use_cases:create_account": set(),
    "govern.identities.use_cases:create_key": {"for", "key", "purpose"},
    "govern.identities.use_cases:deactivate": {"keys_revoked", "sessions_ended"},
    "govern.identities.use_cases:deactivate_account": {"keys_revoked"},
    "govern.identities.use_cases:invite": {"email"},
    "govern.identities.use_cases:reactivate": {"let_back_in"},
    "govern.identities.use_cases:reactivate_account": {"let_back_in"},
    "govern.identities.use_cases:revoke_key": set(),
    "govern.identities.use_cases:set_password": {"keys_revoked", "sessions_ended"},
    "govern.resources.use_cases:apply": {"spec_digest", "verb", "version"},
    "govern.resources.use_cases:delete": {"version"},
    "govern.resources.use_cases:rollback": {"spec_digest", "verb", "version"},
    "govern.secrets.use_cases:delete_secret": set(),
    "govern.secrets.use_cases:write_secret": {"version"},
    "pipelines.use_cases:cancel": {"status"},
    "pipelines.use_cases:submit": {"code", "nodes", "pipeline"},
    "pipelines.use_cases:submit_code": {"digest", "size"},
    "registry.use_cases:approve": {"approval", "bound_to", "comment"},
    "registry.use_cases:dataset_for_run": {"digest", "run"},
    "registry.use_cases:refuse": {"approval", "bound_to", "comment"},
    "registry.use_cases:register_dataset": {"digest", "rows"},
    "registry.use_cases:register_model": {"digest", "name", "stage", "version"},
    "registry.use_cases:take_out": {"digest"},
    "serving.declared.use_cases:endpoint_to_try": {"trial", "version"},
}

# Where the record tells of another action than the use case's own.
# So it is with what the call in use_case_calls.py takes out: rows, not any artifact.
OTHER_ACTIONS = {"registry.use_cases:take_out": Action.DATASET_DOWNLOAD}
