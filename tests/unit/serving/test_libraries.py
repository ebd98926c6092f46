from __future__ import annotations

import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import ML_EXTRA_MISSING
from tenuto.serving.libraries import require


def test_what_is_installed_is_found() -> None:
    require("numpy", "sklearn")


def test_a_missing_library_names_the_extra() -> None:
    with pytest.raises(TenutoError) as caught:
        require("numpy", "a_library_that_nobody_has")
    assert caught.value.fault is ML_EXTRA_MISSING
    assert "tenuto[ml]" in caught.value.fault.fix
    assert "a_library_that_nobody_has" in caught.value.detail
