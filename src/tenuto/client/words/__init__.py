"""The words of the API's answers, as a client sees them.

Fields that a newer platform adds are passed over, and words from closed lists (a stage, a verb) are plain
text, so that an older client goes on working.
"""

from __future__ import annotations

from tenuto.client.words.access import (
    Binding,
    Considered,
    Explanation,
    Granted,
    Verdict,
)
from tenuto.client.words.audit import (
    AuditedResource,
    AuditEntry,
    AuditRecord,
    Problem,
    PublicKey,
    Report,
    Statement,
)
from tenuto.client.words.identities import (
    Actor,
    Done,
    Invited,
    KeyInfo,
    LoggedIn,
    MadeKey,
    NewPassword,
    Person,
    SecretInfo,
    ServiceAccount,
    ShutOut,
    Who,
)
from tenuto.client.words.pages import (
    Items,
    Page,
)
from tenuto.client.words.registry import (
    Approval,
    Artifact,
    Check,
    DatasetVersion,
    Edge,
    Evidence,
    GateReport,
    Lineage,
    ModelVersion,
)
from tenuto.client.words.resources import (
    Change,
    Changes,
    Difference,
    Kind,
    Resource,
)
from tenuto.client.words.runs import (
    Log,
    LogLine,
    Run,
    RunDetail,
    StepError,
    StoredValue,
    Task,
    TaskId,
    TaskState,
    Usage,
)
from tenuto.client.words.spend import (
    BudgetState,
    DaySpent,
    LedgerRow,
    Spent,
)

__all__ = [
    "Actor",
    "Approval",
    "Artifact",
    "AuditEntry",
    "AuditRecord",
    "AuditedResource",
    "Binding",
    "BudgetState",
    "Change",
    "Changes",
    "Check",
    "Considered",
    "DatasetVersion",
    "DaySpent",
    "Difference",
    "Done",
    "Edge",
    "Evidence",
    "Explanation",
    "GateReport",
    "Granted",
    "Invited",
    "Items",
    "KeyInfo",
    "Kind",
    "LedgerRow",
    "Lineage",
    "Log",
    "LogLine",
    "LoggedIn",
    "MadeKey",
    "ModelVersion",
    "NewPassword",
    "Page",
    "Person",
    "Problem",
    "PublicKey",
    "Report",
    "Resource",
    "Run",
    "RunDetail",
    "SecretInfo",
    "ServiceAccount",
    "ShutOut",
    "Spent",
    "Statement",
    "StepError",
    "StoredValue",
    "Task",
    "TaskId",
    "TaskState",
    "Usage",
    "Verdict",
    "Who",
]
