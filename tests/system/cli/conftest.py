from __future__ import annotations

from support.running import fresh_platform, owner, running_platform

__all__ = ["fresh_platform", "owner", "running_platform"]
