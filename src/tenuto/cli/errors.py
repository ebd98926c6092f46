"""What can go wrong on the command line itself."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

WRONG_USE = Fault(
    "cli.wrong_use",
    FaultKind.INVALID,
    "the command cannot be understood",
    "See how it is used, with examples: add `--help` behind the command.",
)
NO_TERMINAL = Fault(
    "cli.no_terminal",
    FaultKind.INVALID,
    "nobody can be asked: there is no terminal",
    "Give the answer with the option that the detail names.",
)
NOT_CONFIRMED = Fault(
    "cli.not_confirmed",
    FaultKind.INVALID,
    "it was not confirmed, and nothing was done",
    "Run the command again when you are sure.",
)
SIGNED_OUT = Fault(
    "cli.signed_out",
    FaultKind.UNAUTHENTICATED,
    "nobody is signed in to this platform",
    "Sign in with `tenuto login`, or give a key in TENUTO_TOKEN.",
)
LOGINS_BROKEN = Fault(
    "cli.logins_broken",
    FaultKind.INVALID,
    "the file with your sign-ins cannot be used",
    "Make it readable for you alone (`chmod 600`), or delete it and sign in again.",
)
WORKSPACE_MISSING = Fault(
    "cli.workspace_missing",
    FaultKind.INVALID,
    "the command needs to know in which workspace",
    "Name it with `--workspace NAME` or TENUTO_WORKSPACE; `tenuto get workspaces` lists them.",
)
KIND_UNKNOWN = Fault(
    "cli.kind_unknown",
    FaultKind.INVALID,
    "nothing of that kind can be listed",
    "Use one of the kinds that `tenuto get --kinds` lists.",
)
VERSION_UNKNOWN = Fault(
    "cli.version_unknown",
    FaultKind.NOT_FOUND,
    "the thing has no such version",
    "See its versions with `tenuto history KIND NAME`.",
)
NAME_MALFORMED = Fault(
    "cli.name_malformed",
    FaultKind.INVALID,
    "a name is not written as this command takes it",
    "Write it as the detail shows.",
)
NOTHING_WAITS = Fault(
    "cli.nothing_waits",
    FaultKind.CONFLICT,
    "no decision is waiting for this version",
    "See where it stands with `tenuto model show`; `tenuto get approvals` lists what waits.",
)
PIPELINE_UNCLEAR = Fault(
    "cli.pipeline_unclear",
    FaultKind.INVALID,
    "it is not clear which pipeline is meant",
    "Name it behind the file: `tenuto run FILE:PIPELINE`.",
)
PROJECT_INVALID = Fault(
    "cli.project_invalid",
    FaultKind.INVALID,
    "the file is not in a project that can be uploaded",
    "Name a Python file, and with `--project` the folder that it is imported from.",
)
PARAMETER_INVALID = Fault(
    "cli.parameter_invalid",
    FaultKind.INVALID,
    "a parameter cannot be read",
    "Give it as `--param NAME=VALUE`; values that are not text are written as JSON.",
)
RUN_NOT_SUCCEEDED = Fault(
    "cli.run_not_succeeded",
    FaultKind.INVALID,
    "the run did not succeed",
    "See why with `tenuto describe run ID` and `tenuto logs ID`.",
)
LOG_NOT_SOUND = Fault(
    "cli.log_not_sound",
    FaultKind.INVALID,
    "the audit log is not what was signed",
    "Read the problems listed; each names its place and what to do.",
)
UNEXPECTED = Fault(
    "cli.unexpected",
    FaultKind.INTERNAL,
    "the command stumbled over a defect of Tenuto",
    "Report it with the command and the trace; what the platform had done before stays done.",
)
