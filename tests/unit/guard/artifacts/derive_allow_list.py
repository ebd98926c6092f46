"""Write the allow-list for scikit-learn anew, from what its own models name when they are saved.

    PYTHONPATH=tests python -m unit.guard.artifacts.derive_allow_list

Run it after scikit-learn, numpy or scipy has moved, and read the difference line by line before committing it:
a function in the role `call` may be called by a stranger with any arguments.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
from sklearn.utils import all_estimators

import tenuto.guard.artifacts
from tenuto.guard.artifacts.allowlist import NOTHING, Role
from tenuto.guard.artifacts.machine import PickleWalk
from tenuto.guard.artifacts.reading import ByteReader
from tenuto.guard.artifacts.report import ScanReport
from tenuto.guard.artifacts.symbols import Global
from tenuto.guard.artifacts.words import Limits
from unit.guard.artifacts.models import every_model

# What every framework's pickles use, and what users may well name though no model of ours does.
PLAIN = {
    "builtins": {
        **dict.fromkeys(["bool", "dict", "float", "int", "list", "object", "str", "tuple"], "name"),
        **dict.fromkeys(["bytearray", "bytes", "complex", "frozenset", "range", "set", "slice"], "call"),
    },
    "__builtin__": {
        **dict.fromkeys(
            ["bool", "dict", "float", "int", "list", "long", "object", "tuple", "unicode"], "name"
        ),
        **dict.fromkeys(["bytearray", "bytes", "complex", "frozenset", "set", "slice", "xrange"], "call"),
    },
    "_codecs": {"encode": "call"},
    "collections": {"OrderedDict": "call", "defaultdict": "call"},
    "copy_reg": {"_reconstructor": "call"},
    "copyreg": {"_reconstructor": "call"},
    "numpy": {
        **{f"{kind}{bits}": "name" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
        **dict.fromkeys(["bool", "bool_", "bytes_", "complex128", "complex64", "datetime64"], "name"),
        **dict.fromkeys(
            ["float16", "float32", "float64", "floating", "generic", "integer", "number"], "name"
        ),
        **dict.fromkeys(["object_", "str_", "timedelta64", "ndarray"], "name"),
        "dtype": "call",
    },
    "numpy._core.multiarray": {"_reconstruct": "call", "scalar": "call"},
    "numpy._core.numeric": {"_frombuffer": "call"},
    "numpy.core.multiarray": {"_reconstruct": "call", "scalar": "call"},  # written by numpy 1
    "numpy.core.numeric": {"_frombuffer": "call"},
}
# Classes that stand in a model only as the argument of the function that makes them.
MADE_BY_FUNCTION = (
    "numpy.random._",
    "numpy.random.bit_generator",
    "sklearn._loss._loss",
    "sklearn.metrics._dist_metrics",
    "sklearn.neighbors._",
)
SKOPS_ONLY = {
    "numpy.random.mtrand": {"RandomState": "make"},
    "numpy.random._generator": {"Generator": "make"},
}
DEFERRED = {("joblib.numpy_pickle", "NumpyArrayWrapper")}  # the walk itself knows joblib's placeholder


class RecordingWalk(PickleWalk):
    """A walk that notes in which role each name is used."""

    used: dict[tuple[str, str], str]

    def _name(self, module: str, name: str) -> None:
        self.used.setdefault((module, name), "make" if _is_made_by_function(module, name) else "name")
        super()._name(module, name)

    def _reduce(self, _: None) -> None:
        self.used[self._stack._values[-2].path] = "call"
        super()._reduce(_)

    def _make(self, cls: Global | None, arguments: tuple[Any, ...]) -> None:
        assert cls is not None
        if self.used[cls.path] != "call":
            self.used[cls.path] = "make" if arguments == () else "call"
        super()._make(cls, arguments)


def _is_made_by_function(module: str, name: str) -> bool:
    return name[0].isupper() and module.startswith(MADE_BY_FUNCTION)


def saved(model: Any) -> Iterator[bytes]:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.dumps(model, protocol)
        buffer = io.BytesIO()
        joblib.dump(model, buffer, protocol=protocol)
        yield buffer.getvalue()


def used_names() -> dict[tuple[str, str], str]:
    used: dict[tuple[str, str], str] = {}
    for model in every_model().values():
        for content in saved(model):
            reader = ByteReader(iter([content]), "model", len(content))
            walk = RecordingWalk(reader, NOTHING, ScanReport(Limits()), joblib=True)
            walk.used = used
            walk.run()
    for _, cls in all_estimators():
        used.setdefault((cls.__module__, cls.__name__), "make")
    return {path: role for path, role in used.items() if path not in DEFERRED}


def write(framework: str, names: dict[str, dict[str, str]], libraries: tuple[str, ...]) -> None:
    for entries in names.values():
        for role in entries.values():
            Role(role)
    document = {
        "derived_from": {library: importlib.metadata.version(library) for library in libraries},
        "names": {module: dict(sorted(names[module].items())) for module in sorted(names)},
    }
    folder = Path(tenuto.guard.artifacts.__file__).parent / "allow"
    (folder / f"{framework}.json").write_text(json.dumps(document, indent=1) + "\n")


def main() -> None:
    names = {module: dict(entries) for module, entries in {**PLAIN, **SKOPS_ONLY}.items()}
    for (module, name), role in used_names().items():
        names.setdefault(module, {}).setdefault(name, role)
    write("sklearn", names, ("scikit-learn", "numpy", "scipy", "joblib"))
    write(
        "numpy", {module: entries for module, entries in PLAIN.items() if module != "collections"}, ("numpy",)
    )


if __name__ == "__main__":
    main()
