"""For each step of the demo: single falsehoods in its evidence, every one of which has to be noticed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tenuto.client.words import Evidence
from tenuto.registry.attestations import public_key_text
from unit.cli.demo.evidence import (
    ADA,
    CHLOE,
    DIGEST,
    MASKED,
    OTHER,
    STRANGER,
    answer,
    answered,
    denial,
    endpoint,
    heard,
    model,
    report,
    row,
    run,
    signed,
    task,
)

Falsify = Callable[[Any, Any], tuple[Any, Any]]


def work(**changes: Any) -> Falsify:
    return lambda done, seen: (replace(done, **changes), seen)


def seen(**changes: Any) -> Falsify:
    return lambda done, found: (done, replace(found, **changes))


def of_work(field: str, change: Callable[[Any], Any]) -> Falsify:
    return lambda done, found: (replace(done, **{field: change(getattr(done, field))}), found)


def of_seen(field: str, change: Callable[[Any], Any]) -> Falsify:
    return lambda done, found: (done, replace(found, **{field: change(getattr(found, field))}))


def first(**changes: Any) -> Callable[[list[Any]], list[Any]]:
    """Change the first of a list."""
    return lambda found: [replace(found[0], **changes), *found[1:]]


def changed(**changes: Any) -> Callable[[Any], Any]:
    return lambda found: replace(found, **changes)


def told(**changes: Any) -> Callable[[list[Any]], list[Any]]:
    """Change the record of the first entry of an audit log."""
    return lambda entries: [replace(entries[0], record=replace(entries[0].record, **changes)), *entries[1:]]


def unsigned(attestation: str) -> str:
    return json.dumps({**json.loads(attestation), "signatures": [{"keyid": "k", "sig": ""}]})


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: {key: value for key, value in found.items() if key != name}


_PROFILE = {"mean_radius": {"bins": {"counts": [1, 2]}}, "benign": {"distinct": 2}}

FALSEHOODS: dict[str, dict[str, Falsify]] = {
    "dataset": {
        "another-number": work(version=2),
        "another-digest-told": work(digest=OTHER),
        "another-author": work(author=ADA),
        "fewer-rows-in-the-source": of_work("written", changed(rows=2)),
        "another-file-in-the-source": of_work("written", changed(files={"part-1.csv": OTHER})),
        "another-value-in-the-source": of_work("written", changed(values=DIGEST)),
        "another-column-in-the-source": of_work("written", changed(columns=["mean_radius"])),
        "other-values": seen(values=DIGEST),
        "fewer-rows": of_seen("version", changed(rows=2)),
        "another-digest": of_seen("version", changed(digest=OTHER)),
        "columns-missing": of_seen("version", changed(schema=[])),
        "a-file-missing": of_seen("version", changed(provenance={"files": []})),
        "made-by-somebody-else": of_seen("version", changed(created_by=ADA)),
        "one-class": of_seen(
            "version", changed(profile={"columns": {**_PROFILE, "benign": {"distinct": 1}}})
        ),
        "a-value-uncounted": of_seen(
            "version", changed(profile={"columns": {**_PROFILE, "mean_radius": {"bins": {"counts": [1]}}}})
        ),
    },
    "pipeline": {
        "another-run": work(run="r2"),
        "nothing-had-finished": work(finished=[]),
        "too-little-had-finished": work(finished=["prepare"]),
        "everything-had-finished": work(finished=["evaluate", "prepare", "train"]),
        "the-worker-lived-on": work(worker=10),
        "another-was-killed": work(killed=11),
        "another-author": work(author=ADA),
        "it-failed": seen(detail=run("failed")),
        "a-finished-step-was-redone": seen(
            detail=run(tasks=[task("prepare", 2), task("train"), task("evaluate")])
        ),
        "a-cached-step-was-executed": seen(
            detail=run(tasks=[task("prepare", 1, "hit"), task("train"), task("evaluate")])
        ),
        "a-step-was-never-executed": seen(
            detail=run(tasks=[task("prepare"), task("train"), task("evaluate", 0)])
        ),
        "a-step-is-not-in-the-journal": seen(detail=run(tasks=[task("prepare"), task("train")])),
        "it-passed-no-gate": of_seen("version", changed(gate=None)),
        "the-gate-failed": of_seen("version", changed(gate=replace(model().gate, passed=False))),
        "it-stands-elsewhere": seen(version=model("registered")),
        "another-run-made-it": of_seen("version", changed(producer="run:r2/register_model")),
        "nobody-made-it": of_seen("version", changed(authors=[])),
        "no-explanation": of_seen("version", changed(evidence=[Evidence("evaluation", DIGEST)])),
        "signed-for-other-bytes": of_seen("version", changed(attestation=signed(OTHER))),
        "not-signed": of_seen("version", changed(attestation=unsigned(signed(DIGEST)))),
        "signed-by-a-stranger": of_seen("version", changed(attestation=signed(DIGEST, STRANGER))),
        "another-key": seen(key=public_key_text(STRANGER.public_key)),
        "no-key": seen(key=""),
        "signed-nonsense": of_seen(
            "version", changed(attestation=json.dumps({"payload": base64.b64encode(b"x").decode()}))
        ),
        "it-takes-nothing": of_seen("version", changed(signature={})),
        "of-no-dataset": seen(lineage=[]),
        "nothing-explained": seen(worth={}),
        "nothing-of-any-worth": seen(worth={"worst_texture": 0.0}),
    },
    "approval": {
        "another-version": work(label="breast-cancer@2"),
        "another-digest": work(digest=OTHER),
        "refused-otherwise": work(status=409),
        "refused-for-another-reason": work(reason="Ben Okoye has no role that allows it."),
        "another-author": work(author=ADA),
        "another-approver": work(approver=ADA),
        "not-approved": seen(version=model("gated")),
        "nobody-decided": seen(approvals=[]),
        "decided-twice": of_seen("approvals", lambda found: found * 2),
        "still-waiting": of_seen("approvals", first(state="waiting")),
        "bound-to-another-digest": of_seen("approvals", first(subject_digest=OTHER)),
        "the-author-decided": of_seen("approvals", first(decided_by="ben")),
        "no-author-known": of_seen("approvals", first(authors=[])),
        "the-approver-is-an-author": of_seen("approvals", first(authors=["ben", CHLOE])),
        "the-refusal-is-not-logged": seen(denials=[]),
        "another-rule-refused": of_seen(
            "denials",
            lambda found: [
                denial(found[0].record.action, found[0].record.resource, "policy:no-role"),
            ],
        ),
    },
    "deployment": {
        "another-version": work(version=2),
        "nothing-changed": work(changes=["keep"]),
        "something-else-is-declared": seen(declared=endpoint(2, 1)),
        "another-version-answers": seen(served=answered(2)),
        "other-labels": seen(served=replace(answered(), labels=[1, 1, 0])),
        "other-probabilities": seen(served=answered(shift=0.001)),
        "rows-unanswered": seen(served=replace(answered(), labels=[0, 1], probabilities=[0.9, 0.2])),
        "offline-it-says-otherwise": seen(offline=answered(shift=0.001)),
        "the-same-for-every-row": lambda done, found: (
            done,
            replace(
                found,
                served=replace(found.served, labels=[1, 1, 1]),
                offline=replace(found.offline, labels=[1, 1, 1]),
            ),
        ),
    },
    "rollback": {
        "another-first": work(first=3),
        "another-second": work(second=3),
        "other-answers-before": work(before=answered(1, 0.2)),
        "the-second-never-answered": work(between=answered(1, 0.1)),
        "both-answer-alike": work(between=answered(2)),
        "the-second-still-answers": seen(served=answered(2, 0.1)),
        "other-answers-after": seen(served=answered(1, 0.1)),
        "other-labels-after": seen(served=replace(answered(), labels=[1, 1, 0])),
        "nothing-was-rolled-back": of_seen("history", lambda found: found[1:]),
        "deleted-instead": of_seen("history", first(spec=None)),
    },
    "calls": {
        "nothing-was-streamed": of_work("answers", first(streamed=True)),
        "a-value-is-not-restored": of_work("answers", first(text="You said: nothing")),
        "a-placeholder-is-left": of_work(
            "answers", lambda made: [replace(made[0], text=f"{made[0].text} <EMAIL_1>"), *made[1:]]
        ),
        "the-real-answer-is-empty": of_work("real", first(text="")),
        "a-placeholder-is-left-in-the-real-answer": of_work("real", first(text="Gladly, <EMAIL_1>.")),
        "other-tokens-told": of_work("answers", first(output_tokens=23)),
        "an-address-reached-the-upstream": of_seen(
            "received", lambda got: [heard(f"{MASKED} marie.durand@example.fr"), *got[1:]]
        ),
        "a-card-field-reached-the-upstream": of_seen(
            "received",
            lambda got: [replace(got[0], body={**got[0].body, "user": "marie.durand@example.fr"}), *got[1:]],
        ),
        "too-few-placeholders": of_seen("received", lambda got: [heard("Write to <EMAIL_1>."), *got[1:]]),
        "the-upstream-received-one": of_seen("received", lambda got: got[:1]),
        "the-upstream-received-three": of_seen("received", lambda got: [*got, got[0]]),
        "a-call-is-not-booked": of_seen("booked", lambda rows: rows[1:]),
        "booked-as-failed": of_seen("booked", first(status="failed")),
        "booked-at-another-provider": of_seen("booked", first(provider="simulator-2")),
        "booked-with-other-tokens": of_seen("booked", first(input_tokens=19)),
        "booked-as-streamed": of_seen("booked", first(streamed=True)),
    },
    "failover": {
        "it-still-runs": work(exit_code=None),
        "the-first-answered": work(answer=answer("q5")),
        "an-empty-answer": of_work("answer", changed(text="")),
        "another-prompt": work(prompt="Hello?"),
        "the-second-received-nothing": seen(received=[]),
        "the-second-received-something-else": seen(received=[heard("Hello?")]),
        "not-booked": seen(booked=[]),
        "the-dead-one-was-not-tried": of_seen("booked", first(attempts=1)),
        "booked-at-another-provider": of_seen("booked", first(provider="simulator-1")),
    },
    "budget": {
        "another-amount": work(amount="0.14"),
        "no-call-went-through": lambda done, found: (
            replace(done, made=[]),
            replace(found, booked=[], received=[]),
        ),
        "a-call-more": of_work("made", lambda made: [*made, answer("q9", provider="simulator-2")]),
        "another-request": work(request="q9"),
        "refused-otherwise": work(status=429),
        "no-budget-named": work(reason="not now"),
        "no-such-budget": seen(budgets=[]),
        "it-only-warns": of_seen("budgets", first(hard=False)),
        "it-was-passed": of_seen("budgets", first(spent="0.14")),
        "it-refused-too-early": of_seen("budgets", first(spent="0")),
        "the-refused-call-was-made": of_seen(
            "booked", lambda rows: [*rows, row(answer("q8", provider="simulator-2"))]
        ),
        "a-call-is-not-booked": of_seen("booked", lambda rows: rows[1:]),
        "the-refusal-is-not-logged": seen(denials=[]),
        "another-refusal-is-logged": of_seen("denials", told(request_id="q9")),
        "logged-as-done": of_seen("denials", told(outcome="completed")),
        "the-upstream-received-the-refused-call": of_seen("received", lambda got: [*got, got[0]]),
    },
    "ledger": {
        "the-upstream-counted-a-token-more": of_work("calls", first(output_tokens=23)),
        "the-upstream-counted-a-call-more": of_work("calls", lambda calls: [*calls, calls[-1]]),
        "nothing-happened": lambda done, found: (
            replace(done, calls=[]),
            replace(found, rows=[], totals=[]),
        ),
        "a-row-missing": of_seen("rows", lambda rows: rows[1:]),
        "a-row-twice": of_seen("rows", lambda rows: [*rows, rows[0]]),
        "a-token-less": of_seen("rows", first(input_tokens=19)),
        "a-row-of-another-provider": of_seen("rows", first(provider="simulator-2")),
        "a-row-of-a-failed-call": of_seen("rows", first(status="failed")),
        "another-cost": of_seen("rows", first(cost="0.0163")),
        "no-cost": of_seen("rows", first(cost=None)),
        "a-call-more-in-the-sum": of_seen("totals", first(calls=2)),
        "a-token-more-in-the-sum": of_seen("totals", first(input_tokens=21)),
        "an-answered-token-more-in-the-sum": of_seen("totals", first(output_tokens=23)),
        "another-cost-in-the-sum": of_seen("totals", first(cost="0.0163")),
    },
    "audit": {
        "a-problem-online": of_work("online", changed(problem_count=1)),
        "nothing-exported": work(exported=0),
        "a-problem-offline": of_seen("offline", changed(problem_count=1)),
        "fewer-records-than-online": seen(offline=report(47, tail=47)),
        "the-tail-is-unproven": seen(offline=report(50, tail=None)),
        "the-tail-is-proven-in-part": seen(offline=report(50, tail=47)),
        "an-act-is-not-logged": of_seen(
            "told", lambda told: told - {("person", "registry:model:approve", "deny")}
        ),
        "fewer-entries-than-exported": seen(entries=49),
    },
    "tampering": {
        "it-shows-elsewhere": of_work("places", lambda places: {**places, "edited": 6}),
        "one-copy-was-not-verified": of_seen("reports", without("cut_tail")),
        "the-edited-copy-verifies": of_seen("reports", lambda found: {**found, "edited": report(50)}),
        "the-shortened-copy-verifies": of_seen("reports", lambda found: {**found, "deleted": report(50)}),
        "the-cut-copy-verifies": of_seen("reports", lambda found: {**found, "cut_tail": report(50)}),
        "something-else-is-found": of_seen("reports", lambda found: {**found, "edited": found["deleted"]}),
    },
}
