"""What a task is given: outputs of other steps, the run's parameters, values from the pipeline's own text."""

from __future__ import annotations

from collections.abc import Iterator

from tenuto.core import typed_json
from tenuto.core.errors import TenutoError
from tenuto.core.graph import FromOutput, FromParameter, Graph, Input, Literal, Node, Source
from tenuto.core.value_types import NULL
from tenuto.pipelines.errors import INPUT_NOT_READY, JOIN_INCOMPLETE, VALUE_NOT_POSSIBLE
from tenuto.pipelines.values.lists import joined
from tenuto.pipelines.values.texts import stored_text
from tenuto.pipelines.words import RunState, StoredValue, TaskId, TaskState, TaskStatus

MOST_ITEMS = 100_000


def inputs_of(state: RunState, task: TaskId) -> dict[str, StoredValue]:
    """Return all that a task's function is given, by parameter. Raises when something is not there yet."""
    node = state.graph.node(task.node)
    given = shared_inputs(state, node)
    if node.over is not None:
        given[node.over] = item_of(state, task)
    return given


def shared_inputs(state: RunState, node: Node) -> dict[str, StoredValue]:
    """Return the inputs that all items of a mapped node have in common; of any other node, all."""
    return {given.name: _value(state, given) for given in node.inputs if given.name != node.over}


def list_to_map(state: RunState, node: Node) -> StoredValue:
    """Return the list that a mapped node is to be run over."""
    [given] = [given for given in node.inputs if given.name == node.over]
    return _value(state, given)


def require_items(node: Node, count: int) -> None:
    """Raise when a map would have more items than a run may have."""
    if count > MOST_ITEMS:
        raise TenutoError(VALUE_NOT_POSSIBLE, f"`{node.name}` would run {count} times; {MOST_ITEMS} at most")


def parameters_of(graph: Graph, given: dict[str, str]) -> dict[str, StoredValue]:
    """Return the parameters of a run from typed JSON by name, defaults filled in. Raises on a wrong one."""
    known = {parameter.name for parameter in graph.parameters}
    unknown = sorted(given.keys() - known)
    if unknown:
        detail = f"`{unknown[0]}` is no parameter of `{graph.name}`; there are: {', '.join(sorted(known))}"
        raise TenutoError(VALUE_NOT_POSSIBLE, detail, field=unknown[0])
    found = {}
    for parameter in graph.parameters:
        text = given.get(parameter.name, parameter.default)
        if text is None:
            raise TenutoError(VALUE_NOT_POSSIBLE, f"`{parameter.name}` has to be given", field=parameter.name)
        found[parameter.name] = stored_text(text, parameter.type, parameter.name)
    return found


def results_of(state: RunState) -> dict[str, StoredValue | None]:
    """Return the run's results by name; None for those of skipped steps."""
    return {result.name: value_of(state, result.source) for result in state.graph.results}


def value_of(state: RunState, source: FromOutput | FromParameter) -> StoredValue | None:
    """Return a value that is there, or None when the step that would make it did not succeed."""
    if isinstance(source, FromParameter):
        return state.parameters[source.name]
    node = state.graph.node(source.node)
    if node.over is not None and node.name in state.expansions:
        return _joined(state, node, source.output)
    return state.task(TaskId(node.name)).outputs.get(source.output)


def items_of(state: RunState, node: Node) -> Iterator[tuple[TaskId, TaskState]]:
    """Yield the tasks of a node, with their states: one, or one for each item of an expanded map."""
    if node.over is None or node.name not in state.expansions:
        yield TaskId(node.name), state.task(TaskId(node.name))
        return
    for index in range(len(state.expansions[node.name])):
        task = TaskId(node.name, index)
        yield task, state.task(task)


def _value(state: RunState, given: Input) -> StoredValue:
    source: Source = given.source
    if isinstance(source, Literal):
        return stored_text(source.text, given.type, given.name)
    found = value_of(state, source)
    if found is not None:
        return found
    assert isinstance(source, FromOutput)
    if state.task(TaskId(source.node)).status is TaskStatus.SKIPPED:
        return stored_text(typed_json.encode(None), NULL, given.name)
    raise TenutoError(INPUT_NOT_READY, f"`{given.name}` from `{source.node}`")


def item_of(state: RunState, task: TaskId) -> StoredValue:
    """Return the item of the list that a task of a mapped node is given."""
    items = state.expansions.get(task.node, ())
    if task.item is None or not 0 <= task.item < len(items):
        raise TenutoError(INPUT_NOT_READY, f"item {task.item} of `{task.node}`")
    return items[task.item]


def _joined(state: RunState, node: Node, output: str) -> StoredValue | None:
    """Return the list of all items' values. Never a shorter one: a result too few is refused, not left out."""
    parts = [task.outputs.get(output) for _, task in items_of(state, node)]
    strays = [task for task in state.tasks if task.node == node.name and not _is_item(state, task)]
    there = [part for part in parts if part is not None]
    if not there and parts:
        return None
    if len(there) != len(parts) or strays:
        detail = f"`{node.name}.{output}`: {len(there)} of {len(parts)} results, {len(strays)} besides"
        raise TenutoError(JOIN_INCOMPLETE, detail)
    [declared] = [one for one in node.outputs if one.name == output]
    return joined(there, declared.type)


def _is_item(state: RunState, task: TaskId) -> bool:
    return task.item is not None and 0 <= task.item < len(state.expansions[task.node])
