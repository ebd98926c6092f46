"""What can be wrong with how Tenuto is set up and started."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

SETTING_UNKNOWN = Fault(
    "app.setting_unknown",
    FaultKind.INVALID,
    "an environment variable that begins with TENUTO_ is not a setting",
    "Correct its name, or unset it.",
)
SETTING_INVALID = Fault(
    "app.setting_invalid",
    FaultKind.INVALID,
    "a setting has a value that cannot be used",
    "Correct the setting that the detail names.",
)
HOME_UNUSABLE = Fault(
    "app.home_unusable",
    FaultKind.INVALID,
    "the folder of this installation cannot be used",
    "Choose a folder that is yours alone, with `--home` or TENUTO_HOME, or mend what the detail names.",
)
KEYS_MISSING = Fault(
    "app.keys_missing",
    FaultKind.UNAVAILABLE,
    "keys of this installation are gone",
    "Put the files that the detail names back from a backup: what they signed, sealed or bound fits no others.",
)
CHILD_FAILED = Fault(
    "app.child_failed",
    FaultKind.UNAVAILABLE,
    "one of Tenuto's own processes does not run",
    "Read the log that the detail names: its last lines say why.",
    retryable=True,
)
EGRESS_REFUSED = Fault(
    "app.egress_refused",
    FaultKind.FORBIDDEN,
    "calls to this host are not allowed",
    "Declare an EgressRule for the host and port; set `private: true` if its address is not a public one.",
)
LEDGER_SPOOL_FULL = Fault(
    "app.ledger_spool_full",
    FaultKind.UNAVAILABLE,
    "the database is away and the local spool of settlements is full",
    "Bring the database back; calls are taken again as soon as the spool was delivered.",
    retryable=True,
)
RUNTIME_FOLDER_UNSAFE = Fault(
    "app.runtime_folder_unsafe",
    FaultKind.UNAVAILABLE,
    "the folder for the platform's sockets is not private to this user",
    "Remove the folder that the detail names, or choose a home with a shorter path.",
)
PORT_TAKEN = Fault(
    "app.port_taken",
    FaultKind.CONFLICT,
    "another program listens on the platform's port",
    "Stop it, or choose another port: `tenuto up --port N` or TENUTO_PORT.",
)
ALREADY_UP = Fault(
    "app.already_up",
    FaultKind.CONFLICT,
    "this installation is running already",
    "Use it, or stop the other `tenuto up` first; its process id stands in the detail.",
)
EARLIER_PROCESSES = Fault(
    "app.earlier_processes",
    FaultKind.CONFLICT,
    "processes of an earlier start have not ended",
    "End the processes that the detail names (`kill -9 PID`), then start again; nothing that was taken is lost.",
    retryable=True,
)
