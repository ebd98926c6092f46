from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from tenuto.client import pipeline, step, when
from tenuto.client.authoring.errors import PIPELINE_NOT_POSSIBLE, VALUE_NOT_KNOWN_YET, WRONG_WIRING
from tenuto.core.errors import TenutoError
from tenuto.core.graph import FromOutput, FromParameter, Literal, to_json
from tenuto.core.graph_checks import read_graph


class Data(NamedTuple):
    train: np.ndarray
    test: np.ndarray


@step
def prepare(size: int) -> Data:
    return Data(np.arange(size), np.arange(3))


@step
def depths(most: int = 3) -> list[int]:
    return list(range(1, most + 1))


@step(retries=2)
def fit(depth: int, data: np.ndarray) -> float:
    return float(data.sum() * depth)


@step(inline=True)
def best(scores: list[float]) -> tuple[float, int]:
    return max(scores), scores.index(max(scores))


@step
def publish(score: float, note: str = "é") -> str:
    return f"{score}{note}"


@step
def close(published: str | None) -> str:
    return published or "nothing"


@pipeline
def training(size: int = 3, least: float = 10.0) -> Any:
    """Find the best depth.

    And more.
    """
    data = prepare(size)
    score, index = best(fit.map(depths(), data=data.train))
    with when(score, at_least=0.0), when(size, more_than=1):
        published = publish(score)
    return {"published": close(published), "index": index}


@pytest.mark.capability("O1")
def test_a_pipeline_becomes_a_graph() -> None:
    graph = training.graph()
    assert [node.name for node in graph.nodes] == ["prepare", "depths", "fit", "best", "publish", "close"]
    assert graph.summary == "Find the best depth."
    mapped = graph.node("fit")
    assert mapped.over == "depth"
    assert mapped.step == f"{__name__}:fit"
    assert mapped.options.retries == 2
    assert {given.name: given.source for given in mapped.inputs} == {
        "depth": FromOutput("depths", "result"),
        "data": FromOutput("prepare", "train"),
    }
    assert [condition.source for condition in graph.node("publish").conditions] == [
        FromOutput("best", "0"),
        FromParameter("size"),
    ]
    assert [given.name for given in graph.node("publish").inputs] == ["score"]
    assert [result.name for result in graph.results] == ["published", "index"]
    assert read_graph(to_json(graph)) == graph
    assert to_json(training.graph()) == to_json(graph)


@pytest.mark.capability("O1")
def test_a_pipeline_runs_here_for_debugging() -> None:
    assert training.local() == {"published": "9.0é", "index": 2}
    assert training.local(size=1) == {"published": "nothing", "index": 0}


def test_a_local_run_checks_parameters_and_results() -> None:
    with pytest.raises(TenutoError, match="expected int, found str"):
        training.local(size="3")  # type: ignore[arg-type]
    with pytest.raises(TenutoError, match="unexpected keyword"):
        training.local(sizes=3)  # type: ignore[call-arg]

    @step
    def lying() -> list[int]:
        return ["a"]  # type: ignore[list-item]

    @step
    def short() -> tuple[int, int]:
        return (1,)  # type: ignore[return-value]

    @step
    def elsewhere() -> np.ndarray:
        return [1]  # type: ignore[return-value]

    for wrong, detail in (
        (lying, "expected int, found str"),
        (short, "outputs 0, 1"),
        (elsewhere, "expected array"),
    ):

        @pipeline
        def one() -> Any:
            return wrong()  # noqa: B023 (the body runs once, here)

        with pytest.raises(TenutoError) as raised:
            one.local()
        assert detail in raised.value.detail


def test_repeated_steps_get_names_of_their_own() -> None:
    @pipeline
    def twice() -> None:
        publish(1.0)
        publish(2.0)
        publish.named("last")(3.0)

    assert [node.name for node in twice._as_graph().nodes] == ["publish", "publish_2", "last"]
    assert twice._as_graph().nodes[0].inputs[0].source == Literal("1.0")


def test_a_pipeline_is_wired_into_another() -> None:
    @pipeline
    def inner(score: float) -> Any:
        return publish(score)

    @pipeline
    def outer() -> Any:
        return close(inner(1.5))

    assert outer.local() == "1.5é"
    with pytest.raises(TenutoError, match="tenuto run"):
        inner(1.0)


def wired(body: Any) -> TenutoError:
    with pytest.raises(TenutoError) as raised:
        pipeline(body)
    return raised.value


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (lambda: publish(depths()), "takes float, and is given `depths.result`, which is list[int]"),
        (lambda: publish("a"), "`publish(score=...)`: $: expected float, found str"),
        (lambda: publish(note="x"), "missing a required argument: 'score'"),
        (lambda: publish(1.0, volume=3), "unexpected keyword argument 'volume'"),
        (
            lambda: publish(prepare(3)),
            "`prepare` was passed whole: name one of its outputs: `.train` or `.test`",
        ),
        (lambda: fit(1, np.arange(3)), "cannot be written into a pipeline"),
        (lambda: fit.map(depths(), depth=1, data=prepare(1).train), "no parameter is left"),
        (lambda: depths.map(3), "$: expected list[int], found int"),
        (lambda: publish.map(depths(), note=best([1.0])), "passed whole"),
        (lambda: publish(training.results["index"]), "belongs to another pipeline"),
    ],
)
def test_wrong_wiring_is_told_at_definition(body: Any, detail: str) -> None:
    error = wired(body)
    assert error.fault is WRONG_WIRING
    assert detail in error.detail


def condition(**comparison: Any) -> Any:
    def body() -> None:
        with when(best([1.0])[0], **comparison):
            depths()

    return body


@pytest.mark.parametrize(
    ("comparison", "detail"),
    [
        ({}, "exactly one of"),
        ({"at_least": 1, "at_most": 2}, "exactly one of"),
        ({"like": 1}, "exactly one of"),
        ({"equals": "a"}, "float is never 'a'"),
    ],
)
def test_a_wrong_condition_is_told_at_definition(comparison: dict[str, Any], detail: str) -> None:
    assert detail in wired(condition(**comparison)).detail


def test_a_condition_may_compare_with_another_handle() -> None:
    @pipeline
    def compared(size: int, least: float, names: list[str]) -> Any:
        score, index = best(fit.map(depths(), data=prepare(size).train))
        with when(score, at_least=least), when(index, less_than=size):
            published = publish(score)
        with when(close(published), one_of=names):
            depths()
        return {"published": published}

    assert compared.local(3, 1.0, ["9.0é"]) == {"published": "9.0é"}
    assert compared.local(3, 10.0, []) == {"published": None}
    bounds = [condition.bound for condition in compared.graph().node("publish").conditions]
    assert bounds == [FromParameter("least"), FromParameter("size")]

    def text_and_number(name: str) -> None:
        with when(best([1.0])[0], equals=name):
            depths()

    def list_of_a_step() -> None:
        with when(best([1.0])[1], one_of=depths()):
            depths()

    assert "float is never str" in wired(text_and_number).detail
    assert "a parameter" in wired(list_of_a_step).detail


def test_a_condition_looks_at_one_value_with_an_order() -> None:
    def text_order() -> None:
        with when(close("a"), at_least="b"):
            depths()

    def whole_list() -> None:
        with when(depths(), equals=[1]):
            depths()

    def no_handle() -> None:
        with when(3, equals=3):
            depths()

    assert "str has no order" in wired(text_order).detail
    assert "a single value" in wired(whole_list).detail
    assert "not at 3" in wired(no_handle).detail
    with pytest.raises(TenutoError, match="in the body of a pipeline"), when(1, equals=1):
        pass


@pytest.mark.parametrize(
    "look",
    [
        bool,
        lambda value: value > 3,
        lambda value: value == 3,
        list,
        lambda value: value[0],
        len,
    ],
)
def test_a_body_cannot_look_into_a_value(look: Any) -> None:
    error = wired(lambda: look(depths()))
    assert error.fault is VALUE_NOT_KNOWN_YET
    assert "`depths.result`" in error.detail


def test_an_unknown_output_names_the_known_ones() -> None:
    def body() -> None:
        prepare(1).validation  # noqa: B018 (the look-up is what fails)

    with pytest.raises(AttributeError, match="its outputs: train, test"):
        pipeline(body)


def of_a_table(x: np.ndarray) -> None: ...


def of_nothing_known(x) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 (what is missing is the point)
    ...


def with_a_wrong_default(x: int = "a") -> None:  # type: ignore[assignment]
    ...


def no_steps() -> None: ...


def returning_a_number() -> int:
    depths()
    return 3


@pytest.mark.parametrize(
    ("function", "detail"),
    [
        (of_a_table, "a parameter is a JSON value"),
        (of_nothing_known, "a name and an annotation"),
        (with_a_wrong_default, "its default"),
        (returning_a_number, "return outputs of steps"),
        (no_steps, "1 to 500"),
        (lambda: depths(), "`<lambda>` is no name"),  # noqa: PLW0108 (a pipeline without a name)
        (len, "no plain function"),
    ],
)
def test_a_function_that_cannot_be_a_pipeline_is_told_why(function: Any, detail: str) -> None:
    error = wired(function)
    assert error.fault is PIPELINE_NOT_POSSIBLE
    assert detail in error.detail


def test_a_step_that_no_worker_could_import_is_refused_for_a_run_only() -> None:
    @step
    def hidden() -> int:
        return 1

    @pipeline
    def local_only() -> Any:
        return hidden()

    assert local_only.local() == 1
    with pytest.raises(TenutoError, match="inside another function"):
        local_only.graph()


def test_the_body_leaves_no_trace_behind() -> None:
    with pytest.raises(ZeroDivisionError):
        pipeline(lambda: 1 / 0)
    assert publish(1.0) == "1.0é"
