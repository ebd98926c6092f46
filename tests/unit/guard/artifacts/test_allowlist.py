from __future__ import annotations

import importlib
import inspect
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING  # what a reader makes of the names of Python 2
from typing import Any

import joblib.numpy_pickle
import joblib.numpy_pickle_compat
import numpy as np
import pytest
import scipy
from picklescan.scanner import _unsafe_globals
from sklearn.utils import all_estimators

from tenuto.guard.artifacts.allowlist import NOTHING, Role, allow_list

pytestmark = pytest.mark.capability("S3")

LISTS = ("sklearn", "numpy")
# Private names that one release of scipy has and another has not; models of both are read.
MOVED = {
    ("scipy._lib.array_api_compat.numpy._aliases", "asarray"): scipy.__version__ < "1.18",
    ("scipy.interpolate._bsplines", "_BSpline"): scipy.__version__ >= "1.18",
}
ENTRIES = [
    (framework, *path, role)
    for framework in LISTS
    for path, role in allow_list(framework).names.items()
    if MOVED.get(path, True)
]
# Every function a stranger may call with arguments of their own choice has been read by a person.
REVIEWED = {
    "__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor", "__pyx_unpickle_SeedSequence",
    "__pyx_unpickle_CyHalfMultinomialLoss", "_frombuffer", "_mareconstruct", "_reconstruct", "_reconstructor",
    "encode", "newObj", "scalar",
}  # fmt: skip


def resolve(module: str, name: str) -> Any:
    if (module, name) in NAME_MAPPING:
        module, name = NAME_MAPPING[module, name]
    module = IMPORT_MAPPING.get(module, module)
    return getattr(importlib.import_module(module), name)


@pytest.mark.filterwarnings("ignore:.*numpy.core:DeprecationWarning")  # models written by numpy 1 name it
@pytest.mark.parametrize(("framework", "module", "name", "role"), ENTRIES)
def test_every_entry_is_one_plain_name_of_the_right_sort(
    framework: str, module: str, name: str, role: Role
) -> None:
    assert "*" not in module + name
    assert "." not in name
    target = resolve(module, name)
    assert not inspect.ismodule(target)
    if role is Role.MAKE:
        assert inspect.isclass(target)
        dangerous = (
            np.ndarray,
            np.dtype,
            joblib.numpy_pickle.NumpyArrayWrapper,
            joblib.numpy_pickle_compat.NDArrayWrapper,
        )
        assert not issubclass(target, dangerous)
    if role is Role.CALL:
        assert inspect.isclass(target) or name in REVIEWED


def test_names_of_python_2_lead_to_names_on_the_list() -> None:
    for framework in LISTS:
        listed = allow_list(framework)
        for (module, name), role in listed.names.items():
            mapped = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
            assert listed.role(*mapped) is role


def test_no_entry_is_on_the_list_of_abused_names() -> None:
    for framework in LISTS:
        for module, name in allow_list(framework).names:
            abused = _unsafe_globals.get(module, set())
            assert abused != "*"
            assert name not in abused


def test_all_public_estimators_are_listed() -> None:
    listed = allow_list("sklearn")
    for _, cls in all_estimators():
        assert listed.role(cls.__module__, cls.__name__) is Role.MAKE


def test_the_list_is_named_by_its_content() -> None:
    assert allow_list("sklearn").version.startswith("sklearn sha256:")
    assert allow_list("numpy").role("sklearn.svm._classes", "SVC") is None
    assert NOTHING.role("builtins", "list") is None
