"""Steps that the platform brings: read a dataset, package a trained model, register it.

    from tenuto.client import pipeline
    from tenuto.client.steps import load_dataset, package_model, register_model

They are wired like steps of your own and run on a platform only: what they do needs the registry.
"""

from __future__ import annotations

import inspect
from typing import Any, NoReturn

from tenuto.client.authoring import Step
from tenuto.client.authoring.errors import PLATFORM_STEP
from tenuto.client.authoring.signatures import Signature, Taken
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Output, Returns, StepOptions
from tenuto.core.value_types import ANY_JSON, Kind, ValueType

_TEXT, _FLOAT = ValueType(Kind.TEXT), ValueType(Kind.FLOAT)
_FILE, _INT_OR_NONE = ValueType(Kind.FILE), ValueType(Kind.UNION, (ValueType(Kind.INT), ValueType(Kind.NULL)))
_DOCUMENT = ValueType(Kind.DICT, (ANY_JSON,))
_METRICS = ValueType(Kind.DICT, (_FLOAT,))
_ROWS = ValueType(Kind.UNION, (ValueType(Kind.ARRAY), ValueType(Kind.TABLE), ValueType(Kind.FRAME)))


class PlatformStep(Step[Any, Any]):
    """A step whose function lies on the platform. Called outside a pipeline it says so."""

    def __init__(
        self,
        name: str,
        inputs: tuple[Taken, ...],
        outputs: tuple[Output, ...],
        doc: str,
        *,
        cache: bool = False,
    ) -> None:
        def function(*_args: Any, **_kwargs: Any) -> NoReturn:
            raise TenutoError(PLATFORM_STEP, name)

        function.__name__ = function.__qualname__ = name
        function.__doc__ = doc
        function.__signature__ = _python_signature(inputs)  # type: ignore[attr-defined]  # what bind() reads
        self.function = function
        self.options = StepOptions(cache=cache)
        returns = Returns.VALUE if len(outputs) == 1 else Returns.FIELDS
        self.signature = Signature(f"{__name__}:{name}", inputs, returns, outputs)
        self.name = name
        self.__doc__ = doc


def _python_signature(inputs: tuple[Taken, ...]) -> Any:
    kind, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    parameters = [
        inspect.Parameter(one.name, kind, default=None if one.has_default else empty) for one in inputs
    ]
    return inspect.Signature(parameters)


load_dataset = PlatformStep(
    "load_dataset",
    (Taken("name", _TEXT, has_default=False), Taken("version", _INT_OR_NONE, has_default=True)),
    (Output("result", _FILE),),
    "Give the rows of a dataset version (the newest unless told) as a Parquet file.",
)
package_model = PlatformStep(
    "package_model",
    (
        Taken("model", ValueType(Kind.ESTIMATOR), has_default=False),
        Taken("rows", _ROWS, has_default=False),
        Taken("tolerance", _FLOAT, has_default=True),
    ),
    (Output("file", _FILE), Output("packaging", _DOCUMENT), Output("parity", _DOCUMENT)),
    "Convert a trained estimator for serving: ONNX where it answers the same on ``rows``, native otherwise.",
    cache=True,
)
register_model = PlatformStep(
    "register_model",
    (
        Taken("name", _TEXT, has_default=False),
        Taken("file", _FILE, has_default=False),
        Taken("packaging", _DOCUMENT, has_default=False),
        Taken("metrics", _METRICS, has_default=False),
        Taken("evidence", _DOCUMENT, has_default=True),
    ),
    (Output("result", _DOCUMENT),),
    "Sign the model, register it as the next version of ``name``, and put it through its gate. Each entry of"
    " ``evidence`` (evaluation, explanation ...) is kept as a report of its own.",
)
