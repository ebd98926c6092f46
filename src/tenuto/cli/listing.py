"""The list of commands, and nothing that a list does not need: printing it loads none of them."""

from __future__ import annotations

from typing import NamedTuple

ABOUT = "Tenuto: one identity, one policy, one audit log, one ledger and one lineage for the work around AI."


class Command(NamedTuple):
    """``place`` is ``module:attribute`` within ``tenuto.cli.commands``."""

    name: str
    place: str
    group: str
    summary: str


_MACHINE, _SIGN_IN = "This machine", "Sign in"
_DECLARE, _LOOK = "Declare what should be", "Look"
_BUILD, _DECIDE = "Data, runs and models", "Decide and deploy"
_WHO, _ACCOUNT = "Who may what", "Account for it"

COMMANDS = (
    Command("up", "up:up", _MACHINE, "Run the platform on this machine until Ctrl-C."),
    Command("demo", "demo:demo", _MACHINE, "Do the main job on a private platform, with a report."),
    Command("worker", "worker:worker", _MACHINE, "Run one more worker for the pipelines of a platform."),
    Command("init", "init:init", _MACHINE, "Prepare a PostgreSQL of your own."),
    Command("completion", "completion:completion", _MACHINE, "Complete commands in your shell."),
    Command("setup", "sign_in:setup", _SIGN_IN, "Make the first owner with the one-time token."),
    Command("login", "sign_in:login", _SIGN_IN, "Sign in to a platform and keep the key for twelve hours."),
    Command("logout", "sign_in:logout", _SIGN_IN, "End the sign-in and forget its key."),
    Command("password", "sign_in:password", _SIGN_IN, "Set a new password of yours; every session ends."),
    Command("whoami", "sign_in:whoami", _SIGN_IN, "Say who you are to the platform."),
    Command("plan", "declaring:plan", _DECLARE, "Show what applying files would change."),
    Command("apply", "declaring:apply", _DECLARE, "Make the things declared in files so."),
    Command("export", "declaring:export", _DECLARE, "Write declared things as files that apply takes."),
    Command("rollback", "declaring:rollback", _DECLARE, "Declare again what an earlier version said."),
    Command("delete", "declaring:delete", _DECLARE, "Take a declared thing away; its history stays."),
    Command("get", "looking:get", _LOOK, "List things, or print one as a document."),
    Command("describe", "looking:describe", _LOOK, "Tell all about one thing, or one run."),
    Command("history", "looking:history", _LOOK, "List the versions of a declared thing."),
    Command("diff", "looking:diff", _LOOK, "Show what changed between two versions."),
    Command("dataset", "datasets:app", _BUILD, "Take data in from sources; see dataset versions."),
    Command("run", "runs:run", _BUILD, "Run a pipeline of a file on the platform."),
    Command("logs", "runs:logs", _BUILD, "Print what the steps of a run printed."),
    Command("cancel", "runs:cancel", _BUILD, "Stop a run soon."),
    Command("model", "models:app", _BUILD, "See model versions and what they were made of."),
    Command("approve", "deciding:approve", _DECIDE, "Approve a model version, its evidence and its gate."),
    Command("refuse", "deciding:refuse", _DECIDE, "Refuse a model version."),
    Command("deploy", "deciding:deploy", _DECIDE, "Put an approved model version into traffic."),
    Command("person", "people:person", _WHO, "Invite people, list them, shut them out."),
    Command(
        "service-account", "people:account", _WHO, "Make identities for programs, list them, shut them out."
    ),
    Command("access", "access:app", _WHO, "Give roles, take them away, list them."),
    Command("explain", "access:explain", _WHO, "Say why somebody may or may not do something."),
    Command("key", "keys:app", _WHO, "Make, list and revoke API keys."),
    Command("secret", "secrets:app", _WHO, "Write secrets that are used and never shown."),
    Command("ledger", "ledger:app", _ACCOUNT, "See model calls, tokens, cost and budgets."),
    Command("audit", "audit:app", _ACCOUNT, "Read, verify and export the audit log."),
)
