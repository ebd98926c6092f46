"""Access: who there is, who may what and why, and the keys."""

from tenuto.web.pages.access.routes import routes

__all__ = ["routes"]
