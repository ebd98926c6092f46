"""Roles, and why somebody may or may not."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Granted(msgspec.Struct, frozen=True):
    """A role that somebody holds: everywhere, in a workspace, or on one object."""

    id: str
    subject_kind: str
    subject_id: str
    role: str
    workspace: str | None
    created_by: str
    resource_kind: str | None = None
    resource_id: str | None = None
    created_at: datetime | None = None


class Verdict(msgspec.Struct, frozen=True):
    """``effect`` is ``allow`` or ``deny``."""

    effect: str
    reason: str
    rule: str
    policy_version: str


class Binding(msgspec.Struct, frozen=True):
    id: str
    subject_kind: str
    subject: str
    role: str
    workspace: str | None = None
    resource_kind: str | None = None
    resource: str | None = None


class Considered(msgspec.Struct, frozen=True):
    binding: Binding
    grants: bool
    why: str


class Explanation(msgspec.Struct, frozen=True):
    """``would_allow`` names the roles that allow the action here.

    ``for_oneself`` is what holds of the subject's own things, where that is another answer.
    """

    verdict: Verdict
    considered: list[Considered]
    would_allow: list[str]
    for_oneself: Verdict | None = None
