"""The faults of the room ``govern``."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

NOT_ALLOWED = Fault(
    "govern.not_allowed",
    FaultKind.FORBIDDEN,
    "the policies do not allow this",
    "Ask somebody who may, or ask the workspace's owner for one of the roles that the detail names.",
)
ACTION_UNKNOWN = Fault(
    "govern.action_unknown",
    FaultKind.INVALID,
    "no action has that name",
    "Use one of the actions that the reference lists.",
)
FACTS_INVALID = Fault(
    "govern.facts_invalid",
    FaultKind.INTERNAL,
    "a permission was asked with facts that the policy schema does not know",
    "This is a defect of Tenuto, and nothing was allowed; report it with the request id.",
)
POLICY_INVALID = Fault(
    "govern.policy_invalid",
    FaultKind.INVALID,
    "a policy does not fit the schema",
    "Correct the policy that the detail names; the reference lists actions and kinds.",
)
POLICY_UNDECIDED = Fault(
    "govern.policy_undecided",
    FaultKind.INTERNAL,
    "the policies could not be evaluated, so nothing was allowed",
    "Correct the policy that the detail names, or report a defect when it is a built-in one.",
)
ROLE_UNKNOWN = Fault(
    "govern.role_unknown",
    FaultKind.INVALID,
    "no role has that name",
    "Use one of the role names that the detail lists.",
)
BINDING_INVALID = Fault(
    "govern.binding_invalid",
    FaultKind.INVALID,
    "a role binding cannot be taken",
    "Correct the binding that the detail names: subject, role and scope must exist.",
)
KEY_MALFORMED = Fault(
    "govern.key_malformed",
    FaultKind.UNAUTHENTICATED,
    "the API key is not one that Tenuto issued",
    "Copy the key again, whole and without spaces; if it is lost, make a new one with `tenuto key create`.",
)
PASSWORD_WEAK = Fault(
    "govern.password_weak",
    FaultKind.INVALID,
    "the password is too easy to guess",
    "Choose at least 12 characters that are not your name or e-mail address; four random words do well.",
)
PASSWORD_BROKEN = Fault(
    "govern.password_broken",
    FaultKind.INTERNAL,
    "the stored form of a password cannot be read",
    "Let an owner invite the person again so that a new password is set, and read the audit log.",
)
SIGN_IN_BUSY = Fault(
    "govern.sign_in_busy",
    FaultKind.LIMITED,
    "too many sign-ins are being checked at this moment",
    "Try again in a few seconds.",
    retryable=True,
)
KEY_FILE_MISSING = Fault(
    "govern.key_file_missing",
    FaultKind.UNAVAILABLE,
    "a key file cannot be read",
    "Restore the key file from the backup of keys; without it what it protects stays unreadable.",
)
KEY_FILE_EXISTS = Fault(
    "govern.key_file_exists",
    FaultKind.CONFLICT,
    "a key file is already there and is never overwritten",
    "Use the existing file, or move it away if it is certain that nothing is protected by it.",
)
KEY_FILE_UNSAFE = Fault(
    "govern.key_file_unsafe",
    FaultKind.UNAVAILABLE,
    "a key file can be read by others on this machine",
    "Take the rights of others away (`chmod 600 FILE`) and give the file to the user that Tenuto runs as.",
)
KEY_FILE_BROKEN = Fault(
    "govern.key_file_broken",
    FaultKind.UNAVAILABLE,
    "a key file does not hold what it should",
    "Restore the key file from the backup of keys.",
)
KEY_FILE_BUSY = Fault(
    "govern.key_file_busy",
    FaultKind.CONFLICT,
    "another process is changing the key file",
    "Wait until it is done, look which keys the file holds now, then decide again.",
    retryable=True,
)
KEY_UNKNOWN = Fault(
    "govern.key_unknown",
    FaultKind.UNAVAILABLE,
    "the key that wrapped this secret is not in the key file",
    "Restore the key file that holds the named key, or write the secret again.",
)
KEY_IN_USE = Fault(
    "govern.key_in_use",
    FaultKind.CONFLICT,
    "the newest key cannot be retired",
    "Rotate first, wrap every secret anew, then retire the older key.",
)
SECRET_UNREADABLE = Fault(
    "govern.secret_unreadable",
    FaultKind.UNAVAILABLE,
    "a stored secret was altered or does not belong to this place",
    "Write the secret again and read the audit log: somebody may have changed the database by hand.",
)
LOG_STATE_BROKEN = Fault(
    "govern.log_state_broken",
    FaultKind.INTERNAL,
    "the stored state of the audit tree is not well-formed",
    "Run `tenuto audit verify`; restore the audit tables from a backup if it fails.",
)
PROOF_OUT_OF_RANGE = Fault(
    "govern.proof_out_of_range",
    FaultKind.INVALID,
    "a proof was asked for records that the log does not hold",
    "Ask for a record and sizes within the log.",
)
PROOF_REFUSED = Fault(
    "govern.proof_refused",
    FaultKind.INVALID,
    "the proof does not prove what it claims",
    "Fetch the proof again; if it is refused again, treat the log as tampered with and verify it.",
)
NOTE_MALFORMED = Fault(
    "govern.note_malformed",
    FaultKind.INVALID,
    "this is not a signed checkpoint",
    "Pass the checkpoint as it was published: text, blank line, signature lines.",
)
NOTE_REFUSED = Fault(
    "govern.note_refused",
    FaultKind.INVALID,
    "the checkpoint is not signed by the key of this log",
    "Check that the public key belongs to this installation; if it does, the checkpoint was altered.",
)
VERIFIER_KEY_MALFORMED = Fault(
    "govern.verifier_key_malformed",
    FaultKind.INVALID,
    "this is not a public key of a log",
    "Pass the line `NAME+HASH+BASE64` that `tenuto audit key` prints.",
)
SINK_INSIDE = Fault(
    "govern.sink_inside",
    FaultKind.INVALID,
    "the folder for checkpoints lies inside the data folder",
    "Choose a folder outside the data folder, best on another machine: one break-in must not reach both.",
)
SINK_FAILED = Fault(
    "govern.sink_failed",
    FaultKind.UNAVAILABLE,
    "the place for checkpoints outside the log cannot be used",
    "Make the checkpoint folder readable and writable, and free space there; the next checkpoint comes by itself.",
    retryable=True,
)
BUNDLE_UNREADABLE = Fault(
    "govern.bundle_unreadable",
    FaultKind.INVALID,
    "this is not an exported audit bundle",
    "Pass the folder or zip file that `tenuto audit export` wrote.",
)
BUNDLE_EXISTS = Fault(
    "govern.bundle_exists",
    FaultKind.CONFLICT,
    "there is already something at the place of the bundle",
    "Choose a path that does not exist yet; exports never overwrite.",
)
NEVER_ASKED = Fault(
    "govern.never_asked",
    FaultKind.INTERNAL,
    "a use case ended without asking permission, so nothing was done",
    "This is a defect of Tenuto; report it with the request id.",
)
NEVER_RECORDED = Fault(
    "govern.never_recorded",
    FaultKind.INTERNAL,
    "a use case ended without an audit record, so nothing was done",
    "This is a defect of Tenuto; report it with the request id.",
)
RECORD_UNKNOWN = Fault(
    "govern.record_unknown",
    FaultKind.NOT_FOUND,
    "there is no such audit record here",
    "Look for it in the list of the workspace it belongs to; records are never deleted.",
)
