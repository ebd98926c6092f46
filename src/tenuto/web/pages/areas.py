"""All areas of the console."""

from __future__ import annotations

from tenuto.web.pages import home, start, workspaces

AREAS = (home, start, workspaces)
