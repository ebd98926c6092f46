"""The first-run guide: from an empty installation to the first call that went through the gateway."""

from tenuto.web.pages.start.routes import routes

__all__ = ["routes"]
