"""Step 4: model calls with the official client, an upstream that dies, a budget that stops, exact books."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.cli.demo.words import DemoFailedError, require, require_equal

_EMAIL, _PHONE = "marie.durand@example.fr", "06 12 34 56 78"
_IBAN, _NIR = "FR76 3000 6000 0112 3456 7890 189", "2 84 05 75 116 001 58"
_PROMPT = f"Write to {_EMAIL} or call {_PHONE}; account {_IBAN}, number {_NIR}."
_PERSONAL = (_EMAIL, _PHONE, _IBAN, _NIR)
_SETTLE_SECONDS = 10.0


def call(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Call with and without streaming; the upstream saw no personal data, the caller has it back."""
    client = _client(stage)
    whole = client.chat.completions.create(model="assistant", messages=[{"role": "user", "content": _PROMPT}])
    answer = whole.choices[0].message.content or ""
    streamed = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in client.chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": _PROMPT}], stream=True
        )
        if chunk.choices
    )
    received = [str(entry["body"]) for entry in stage.first.heard()]
    require_equal(len(received), 2, "requests that the first upstream received")
    for value in _PERSONAL:
        require(all(value not in body for body in received), f"{value!r} reached the upstream")
        require(value in answer, f"{value!r} is not restored in the answer {answer!r}")
        require(value in streamed, f"{value!r} is not restored in the streamed answer {streamed!r}")
    sent = stage.first.heard()[0]["body"]["messages"][-1]["content"]
    return str(whole.id), {"prompt": _PROMPT, "upstream_received": sent, "answer": answer}


def fail_over(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Kill the first upstream; calls go on."""
    stage.first.kill()
    answer = _client(stage).chat.completions.with_raw_response.create(
        model="assistant", messages=[{"role": "user", "content": "Still there?"}]
    )
    require_equal(len(stage.second.heard()), 1, "requests that the second upstream received")
    upstream = answer.headers.get("x-tenuto-upstream", "")
    require(upstream.startswith("simulator-2"), f"the answer came from {upstream!r}")
    return answer.headers["x-request-id"], {
        "upstream": upstream,
        "attempts": answer.headers.get("x-tenuto-attempts", ""),
    }


def stop_at_budget(stage: Stage) -> tuple[str, dict[str, Any]]:
    """A small budget runs out: the next call is refused with the reason."""
    import openai

    document = {
        "kind": "Budget",
        "name": "pocket-money",
        "workspace": WORKSPACE,
        "spec": {"amount": "0.13", "period": "day", "hard": True},
    }
    stage.owner.post("/api/v1/apply", {"documents": [document]})
    client = _client(stage)
    for made in range(50):
        try:
            client.chat.completions.create(
                model="assistant", messages=[{"role": "user", "content": "One more."}], max_tokens=200
            )
        except openai.APIStatusError as error:
            require_equal(error.status_code, 402, "status of the refused call")
            require("pocket-money" in str(error.message), f"the reason names no budget: {error.message}")
            facts = {"calls_before": made, "reason": str(error.message)}
            return str(error.response.headers["x-request-id"]), facts
    raise DemoFailedError("the budget never ran out")


def balance(stage: Stage) -> tuple[str, dict[str, Any]]:
    """The ledger equals what the upstreams counted, to the last token."""
    heard = [entry for one in (stage.first, stage.second) for entry in one.heard() if _counted(entry)]
    wanted = {
        "calls": len(heard),
        "input_tokens": sum(entry["usage"]["input_tokens"] for entry in heard),
        "output_tokens": sum(entry["usage"]["output_tokens"] for entry in heard),
    }
    booked = _until(lambda: _booked(stage), wanted)
    require_equal(booked, wanted, "the ledger against the upstreams' own count")
    rows = stage.approver.get("/api/v1/ledger?limit=200")["items"]
    spend = sum((Decimal(row["cost"]) for row in rows), Decimal(0))
    totals = stage.owner.get("/api/v1/spend")["items"]
    require_equal(sum((Decimal(one["cost"]) for one in totals), Decimal(0)), spend, "the sum of all costs")
    by_call = [int(row["input_tokens"]) + int(row["output_tokens"]) for row in reversed(rows)]
    return rows[0]["request_id"], wanted | {"cost": str(spend), "tokens_by_call": by_call}


def _client(stage: Stage) -> Any:
    import openai

    return openai.OpenAI(base_url=f"{stage.address}/v1", api_key=stage.kept["gateway_key"], max_retries=0)


def _counted(entry: dict[str, Any]) -> bool:
    return bool(entry.get("usage"))


def _booked(stage: Stage) -> dict[str, int]:
    totals = stage.approver.get("/api/v1/spend")["items"]
    return {
        name: sum(int(one[name]) for one in totals) for name in ("calls", "input_tokens", "output_tokens")
    }


def _until(read: Callable[[], dict[str, int]], wanted: dict[str, int]) -> dict[str, int]:
    """Read until it is as wanted, or time is up: settlements follow their answers by a moment."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while (found := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
