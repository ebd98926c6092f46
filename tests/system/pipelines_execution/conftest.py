from __future__ import annotations

from support.step_bench import bench, make_bench

__all__ = ["bench", "make_bench"]
