from __future__ import annotations

from support.pipeline_host import host

__all__ = ["host"]
