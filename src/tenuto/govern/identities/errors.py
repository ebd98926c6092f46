"""What can be wrong with who somebody is."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

TOKEN_SPENT = Fault(
    "govern.token_spent",
    FaultKind.UNAUTHENTICATED,
    "the one-time token is not valid",
    "A token works once and not for long. Restart `tenuto up` for a new one, or ask for a new invitation.",
)
ALREADY_FOUNDED = Fault(
    "govern.already_founded",
    FaultKind.CONFLICT,
    "this installation has an owner already",
    "Sign in, or ask an owner for an invitation.",
)
SIGN_IN_REFUSED = Fault(
    "govern.sign_in_refused",
    FaultKind.UNAUTHENTICATED,
    "e-mail address and password do not fit",
    "Check both and try again; an owner can send a new invitation if the password is lost.",
)
KEY_REFUSED = Fault(
    "govern.key_refused",
    FaultKind.UNAUTHENTICATED,
    "the key is not valid",
    "It may be revoked or expired: make a new one with `tenuto key create`, or sign in with `tenuto login`.",
)
PERSON_UNKNOWN = Fault(
    "govern.person_unknown",
    FaultKind.NOT_FOUND,
    "there is no such person or service account",
    "List people with `tenuto person list`, service accounts with `tenuto service-account list`.",
)
EMAIL_INVALID = Fault(
    "govern.email_invalid",
    FaultKind.INVALID,
    "this is not an e-mail address",
    "Give an address like name@example.org.",
)
EMAIL_TAKEN = Fault(
    "govern.email_taken",
    FaultKind.CONFLICT,
    "somebody has that e-mail address already",
    "Use another address, or send that person a new invitation.",
)
KEY_UNKNOWN_ID = Fault(
    "govern.key_unknown_id",
    FaultKind.NOT_FOUND,
    "there is no key with that id",
    "List keys with `tenuto key list`.",
)
KEY_NEEDS_WORKSPACE = Fault(
    "govern.key_needs_workspace",
    FaultKind.INVALID,
    "a gateway key belongs to a workspace",
    "Name the workspace that its calls are made in.",
)
KEY_LIFETIME_INVALID = Fault(
    "govern.key_lifetime_invalid",
    FaultKind.INVALID,
    "a key cannot be good for so many days",
    "Give a number of days from 1 to 3650.",
)
SIGN_IN_TOO_OFTEN = Fault(
    "govern.sign_in_too_often",
    FaultKind.LIMITED,
    "too many sign-ins failed a moment ago",
    "Wait as long as the answer says, then try again; an owner can send a new invitation if the password is lost.",
    retryable=True,
)
PASSWORD_OF_NOBODY = Fault(
    "govern.password_of_nobody",
    FaultKind.INVALID,
    "only people have passwords",
    "Sign in as the person whose password is to change; service accounts have keys.",
)
