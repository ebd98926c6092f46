"""The key of a task: the same key means the same result, so it need not run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from tenuto.core.canonical import canonical_json
from tenuto.core.digests import digest_of
from tenuto.core.graph import FromOutput
from tenuto.pipelines.rules.inputs import inputs_of
from tenuto.pipelines.words import RunState, StoredValue, TaskId

_FORMAT = 1


class KeyParts(msgspec.Struct, frozen=True):
    """All that a task's result may depend on, as digests. ``inputs`` come from other steps, ``parameters``
    from the run or the pipeline's own text. ``seed`` is the run's, and the same for all runs unless told.
    """

    code: str
    step: str
    environment: str
    inputs: dict[str, str]
    parameters: dict[str, str]
    seed: str
    version: str = ""


class Difference(msgspec.Struct, frozen=True):
    """One reason why two keys differ: ``part`` changed ``before`` -> ``after`` (None: was not there)."""

    part: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.part} is new"
        return f"{self.part} is gone" if self.after is None else f"{self.part} changed"


def step_key(parts: KeyParts) -> str:
    return digest_of(canonical_json({"format": _FORMAT, **msgspec.to_builtins(parts)}))


def key_parts(state: RunState, task: TaskId, *, code: str, environment: str, seed: int = 0) -> KeyParts:
    """Return the parts of a task's key. Raises when an input is not there yet."""
    node = state.graph.node(task.node)
    made = {given.name for given in node.inputs if isinstance(given.source, FromOutput)}
    given = inputs_of(state, task)
    return KeyParts(
        code=code,
        step=node.step,
        environment=environment,
        inputs=_digests({name: value for name, value in given.items() if name in made}),
        parameters=_digests({name: value for name, value in given.items() if name not in made}),
        seed=str(seed),
        version=node.options.version,
    )


def explain_key_difference(old: KeyParts, new: KeyParts) -> tuple[Difference, ...]:
    """Return why a result made under ``old`` cannot be taken for ``new``; empty when it can."""
    return tuple(_differences(old, new))


def seed_of(key: str) -> int:
    """Return the seed of a task's random numbers: another one for each key, so the same work is the same."""
    return int(key.removeprefix("sha256:")[:8], 16)


def _differences(old: KeyParts, new: KeyParts) -> Iterator[Difference]:
    for field in ("step", "version", "seed", "code", "environment"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Difference(field, before, after)
    yield from _between("input", old.inputs, new.inputs)
    yield from _between("parameter", old.parameters, new.parameters)


def _between(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield Difference(f"{kind} `{name}`", old.get(name), new.get(name))


def _digests(values: Mapping[str, StoredValue]) -> dict[str, str]:
    return {name: value.digest for name, value in values.items()}
