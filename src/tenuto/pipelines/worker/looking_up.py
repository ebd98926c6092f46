"""Whether a task's result is there already, and why or why not."""

from __future__ import annotations

import msgspec

from tenuto.pipelines.rules.keys import KeyParts, explain_key_difference
from tenuto.pipelines.words import StoredValue


class Asked(msgspec.Struct, frozen=True):
    """Under which key a result is looked for, unless its author does not want it ``cached``."""

    key: str
    parts: KeyParts
    cached: bool


class Found(msgspec.Struct, frozen=True):
    """What was found under a task's key. Without ``outputs`` the task has to run."""

    key: str
    parts: KeyParts
    cache: str  # "hit", "miss", "off"
    why: list[str]
    outputs: dict[str, StoredValue] | None = None


def explained(asked: Asked, outputs: dict[str, StoredValue] | None, newest: KeyParts | None) -> Found:
    """Return what was found with its reason. ``newest`` is the newest key that the step has a result under."""
    if not asked.cached:
        return Found(asked.key, asked.parts, "off", ["its author switched caching off"])
    if outputs is not None:
        why = ["the same code, inputs, parameters and environment ran before"]
        return Found(asked.key, asked.parts, "hit", why, outputs)
    return Found(asked.key, asked.parts, "miss", _reasons(newest, asked.parts))


def gone(found: Found) -> Found:
    """Return the same without its result, whose contents are no longer stored."""
    return Found(found.key, found.parts, "miss", ["it ran before, but its contents are no longer stored"])


def _reasons(newest: KeyParts | None, parts: KeyParts) -> list[str]:
    if newest is None:
        return ["this step has not run in this workspace before"]
    return [str(one) for one in explain_key_difference(newest, parts)]
