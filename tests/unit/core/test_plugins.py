from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from tenuto.core import plugins
from tenuto.core.errors import TenutoError


def test_an_unknown_name_is_answered_with_what_there_is() -> None:
    with pytest.raises(TenutoError, match="has no 'nothing'"):
        plugins.Plugins("tenuto.nothing").load("nothing")


def test_an_installed_package_gains_nothing_by_being_installed() -> None:
    # `pytest11` is a group that foreign distributions of this environment really fill.
    foreign = plugins.Plugins("pytest11")
    assert foreign.names() == []
    name = next(iter(foreign._found))
    with pytest.raises(TenutoError) as caught:
        foreign.load(name)
    assert caught.value.fault is plugins.PLUGIN_NOT_ALLOWED


def test_an_allowed_distribution_is_loaded_once() -> None:
    point = next(iter(plugins.entry_points(group="pytest11")))
    assert isinstance(point, EntryPoint)
    assert point.dist is not None
    allowed = plugins.Plugins("pytest11", allowed=[point.dist.name])
    assert allowed.load(point.name) is allowed.load(point.name)
