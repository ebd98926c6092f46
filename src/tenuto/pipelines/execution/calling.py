"""One call of a step's function: inputs read, the call made, outputs written, whatever went wrong told."""

from __future__ import annotations

import errno
import importlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.core.project import import_roots
from tenuto.core.step_values import split_outputs
from tenuto.core.value_types import ANY_JSON
from tenuto.pipelines.errors import CODE_NOT_FOUND, NO_SPACE
from tenuto.pipelines.execution.confinement import seed_random
from tenuto.pipelines.execution.messages import StepSpec
from tenuto.pipelines.values.storing import load, store
from tenuto.pipelines.words import AttemptItem, ItemOutcome, Status, StepError

NO_SPACE_LEFT = {errno.ENOSPC, errno.EDQUOT}
LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 32_000
_OWN = (str(Path(__file__).parent), str(Path(__file__).parents[2] / "client"))
_MISSING_MODULE = (
    " (a step imports the project's own files and what is installed in the environment of the worker: "
    "install it there, then restart the worker)"
)


def load_function(spec: StepSpec) -> Callable[..., Any]:
    """Import the step's function from the project's folder. Raises what its module raises."""
    module_name, _, name = spec.step.partition(":")
    module = importlib.import_module(module_name)
    found = Path(getattr(module, "__file__", None) or "").resolve()
    if not found.is_relative_to(Path(spec.code_folder).resolve()):
        raise TenutoError(CODE_NOT_FOUND, f"`{module_name}` is the name of an installed module")
    function = getattr(module, name, None)
    if not callable(function):
        raise TenutoError(CODE_NOT_FOUND, f"`{module_name}` has no function `{name}`")
    return function  # type: ignore[no-any-return]


def load_and_call(spec: StepSpec, item: AttemptItem, clock: Clock, scratch: Path) -> ItemOutcome:
    """Run one item and return how it ended. No exception escapes."""
    begun = clock.monotonic()
    try:
        function = load_function(spec)
    except BaseException as error:  # noqa: BLE001 (a module may raise anything, and that is the answer)
        outcome = _failed(item, error, spec, retryable=False)
    else:
        outcome = _called(function, spec, item, scratch)
    return msgspec.structs.replace(outcome, seconds=clock.monotonic() - begun)


def _called(function: Callable[..., Any], spec: StepSpec, item: AttemptItem, scratch: Path) -> ItemOutcome:
    try:
        inputs = {**spec.inputs, **item.inputs}
        arguments = {
            name: load(stored, spec.input_types.get(name, ANY_JSON), spec.files, scratch)
            for name, stored in inputs.items()
        }
        seed_random(item.seed)
        returned = split_outputs(spec.returns, spec.outputs, function(**arguments))
        folder = Path(spec.output_folder)
        outputs = {output.name: _stored(output.name, returned, output, folder) for output in spec.outputs}
    except BaseException as error:  # noqa: BLE001 (a step may raise anything, and that is the answer)
        return _failed(item, error, spec, retryable=True)
    return ItemOutcome(item.index, Status.SUCCEEDED, outputs)


def _stored(name: str, returned: dict[str, Any], output: Any, folder: Path) -> Any:
    try:
        return store(returned[name], output.type, folder)
    except TenutoError as error:
        raise TenutoError(error.fault, f"output `{name}`: {error.detail}", **error.context) from error


def _failed(item: AttemptItem, error: BaseException, spec: StepSpec, *, retryable: bool) -> ItemOutcome:
    return ItemOutcome(item.index, Status.FAILED, error=_told(error, spec, retryable))


def _told(error: BaseException, spec: StepSpec, retryable: bool) -> StepError:
    if isinstance(error, TenutoError):
        return StepError(error.fault.code, _cut(str(error), LONGEST_MESSAGE), retryable=error.fault.retryable)
    if isinstance(error, OSError) and error.errno in NO_SPACE_LEFT:
        message = _cut(_clean(_message(error)), LONGEST_MESSAGE)
        return StepError(NO_SPACE.code, message, _traceback(error, spec))
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    wish = getattr(error, "retryable", None)
    return StepError(
        type=_clean(name),
        message=_cut(_clean(_message(error)), LONGEST_MESSAGE),
        traceback=_traceback(error, spec),
        retryable=wish if isinstance(wish, bool) else retryable,
    )


def _message(error: BaseException) -> str:
    hint = _MISSING_MODULE if isinstance(error, ModuleNotFoundError) else ""
    try:
        return f"{error}{hint}"
    except Exception as another:  # noqa: BLE001 (an exception's own text may fail, which is worth telling)
        return f"(its message cannot be read: {type(another).__name__})"


def _traceback(error: BaseException, spec: StepSpec) -> str:
    """Return the traceback as the step's author knows the files, without our own frames before theirs."""
    own = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename.startswith(_OWN):
        own = own.tb_next
    try:
        text = "".join(traceback.format_exception(error.with_traceback(own)))
    except Exception as another:  # noqa: BLE001 (it reads the exception's own text, which may fail)
        return f"(the traceback cannot be read: {type(another).__name__})"
    for root in import_roots(Path(spec.code_folder)):
        text = text.replace(f"{root}/", "")
    return _clean(text)[-LONGEST_TRACEBACK:]


def _clean(text: str) -> str:
    """Return text that is valid Unicode, whatever it was."""
    return text.encode("utf-8", "backslashreplace").decode()


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
