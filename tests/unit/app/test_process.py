from __future__ import annotations

import gc
import os

from tenuto.app.process import say_ready


def test_whoever_is_ready_says_so_and_collects_garbage_again() -> None:
    read, write = os.pipe()
    gc.disable()
    try:
        say_ready(write)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert os.read(read, 64) == b"ready\n"
        assert os.read(read, 64) == b"", "it is said once"
    finally:
        gc.enable()
        gc.unfreeze()
        os.close(read)
