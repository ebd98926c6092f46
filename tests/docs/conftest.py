from __future__ import annotations

from support.running import fresh_platform, running_platform

__all__ = ["fresh_platform", "running_platform"]
