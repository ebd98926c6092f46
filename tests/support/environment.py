"""Variables for the tests themselves do not reach the product, which refuses what it does not know."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _without_orders_to_the_tests() -> Iterator[None]:
    """Test modules have read theirs when they were imported."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TENUTO_TEST_")]:
            patch.delenv(name)
        yield
