"""The words of decisions."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from tenuto.core.words import Ref


class ApprovalState(Enum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    SUPERSEDED = "superseded"  # what was asked for changed before anybody decided


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a person decides. It is bound to ``subject_digest``: other bytes need another approval.

    ``authors`` are the persons who had a part in making the subject; none of them may decide.
    """

    id: str
    workspace: str
    action: str
    subject_kind: str
    subject_id: str
    subject_name: str
    subject_digest: str
    requested_by: str
    authors: list[str]
    evidence: dict[str, Any]
    state: ApprovalState
    created_at: datetime
    decided_by: str | None = None
    comment: str | None = None
    decided_at: datetime | None = None

    @property
    def ref(self) -> Ref:
        facts = {"authors": self.authors, "digest": self.subject_digest, "subject": self.subject_kind}
        return Ref("Approval", self.id, self.subject_name, self.workspace, facts)
