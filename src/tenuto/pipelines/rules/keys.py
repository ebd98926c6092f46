"""The key of a task: the same key means the same result, so it need not run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from tenuto.core.canonical import canonical_json
from tenuto.core.digests import digest_of
from tenuto.core.graph import FromOutput, Node
from tenuto.pipelines.rules.inputs import item_of, shared_inputs
from tenuto.pipelines.words import RunState, TaskId

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


class NodeKeys:
    """The keys of one node's tasks. What all items share is looked up once: it may be a list of all items' results.

    Raises when an input is not there yet.
    """

    def __init__(self, state: RunState, node: Node, *, code: str, environment: str, seed: int = 0) -> None:
        made = {given.name for given in node.inputs if isinstance(given.source, FromOutput)}
        shared = {name: value.digest for name, value in shared_inputs(state, node).items()}
        self._state = state
        self._mapped = (node.over, node.over in made)
        self._shared = KeyParts(
            code=code,
            step=node.step,
            environment=environment,
            inputs={name: digest for name, digest in shared.items() if name in made},
            parameters={name: digest for name, digest in shared.items() if name not in made},
            seed=str(seed),
            version=node.options.version,
        )

    def parts(self, task: TaskId) -> KeyParts:
        """Return the parts of a task's key."""
        shared, (over, is_made) = self._shared, self._mapped
        if over is None:
            return shared
        field = "inputs" if is_made else "parameters"
        own = {**getattr(shared, field), over: item_of(self._state, task).digest}
        return msgspec.structs.replace(shared, **{field: own})


def key_parts(state: RunState, task: TaskId, *, code: str, environment: str, seed: int = 0) -> KeyParts:
    """Return the parts of a single task's key. Raises when an input is not there yet."""
    node = state.graph.node(task.node)
    return NodeKeys(state, node, code=code, environment=environment, seed=seed).parts(task)


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
