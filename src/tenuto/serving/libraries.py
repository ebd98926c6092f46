"""The machine-learning libraries come with the extra ``[ml]``; without it the rest of Tenuto still works."""

from __future__ import annotations

import importlib

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import ML_EXTRA_MISSING


def require(*modules: str) -> None:
    """Import the named libraries, so that a missing one is told by its remedy and not by a traceback."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise TenutoError(ML_EXTRA_MISSING, f"{module} cannot be imported", module=module) from error
