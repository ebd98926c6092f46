"""Opening a native model file. This runs in the model's own process and nowhere else."""

from __future__ import annotations

import io
import pickle
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import MODEL_NOT_CLEARED, MODEL_TYPES, MODEL_UNREADABLE
from tenuto.serving.words import ModelFormat, ModelSpec, PickleClearance


def open_estimator(spec: ModelSpec, content: bytes) -> Any:
    """Return the estimator in ``content``, which is known to have the spec's digest."""
    if spec.format is ModelFormat.SKOPS:
        return _open_skops(content, spec.trusted_types)
    if spec.format is ModelFormat.PICKLE:
        return _open_pickle(content, require_clearance(spec))
    raise TenutoError(MODEL_UNREADABLE, f"{spec.format.value} is not a native format")


def require_clearance(spec: ModelSpec) -> PickleClearance:
    """Raise ``MODEL_NOT_CLEARED`` unless the guard allowed exactly this file."""
    clearance = spec.clearance
    if clearance is None:
        raise TenutoError(MODEL_NOT_CLEARED, "no clearance came with it")
    if not clearance.verdict.allowed:
        raise TenutoError(MODEL_NOT_CLEARED, clearance.verdict.reason, rule=clearance.verdict.rule)
    if clearance.digest != spec.digest:
        raise TenutoError(MODEL_NOT_CLEARED, f"the clearance is for {clearance.digest}")
    return clearance


def _open_skops(content: bytes, trusted: tuple[str, ...]) -> Any:
    from skops import io as skops_io

    try:
        unknown = sorted(set(skops_io.get_untrusted_types(data=content)) - set(trusted))
        if unknown:
            raise TenutoError(MODEL_TYPES, ", ".join(unknown), types=unknown)
        return skops_io.loads(content, trusted=list(trusted))
    except TenutoError:
        raise
    except Exception as error:  # a reader of foreign bytes fails in any way it likes
        raise TenutoError(MODEL_UNREADABLE, f"{type(error).__name__}: {error}") from error


class _ListedUnpickler(pickle.Unpickler):
    """Finds the classes and functions on the clearance, and nothing else."""

    def __init__(self, content: bytes, allowed: frozenset[str]) -> None:
        super().__init__(io.BytesIO(content))
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}:{name}" not in self._allowed:
            raise TenutoError(MODEL_TYPES, f"{module}:{name}", types=[f"{module}:{name}"])
        return super().find_class(module, name)


def _open_pickle(content: bytes, clearance: PickleClearance) -> Any:
    try:
        return _ListedUnpickler(content, frozenset(clearance.allowed_globals)).load()
    except TenutoError:
        raise
    except Exception as error:  # same as above
        raise TenutoError(MODEL_UNREADABLE, f"{type(error).__name__}: {error}") from error
