"""Providers and secrets: who runs models here, and the keys that are written and never read back."""

from tenuto.web.pages.providers.routes import routes

__all__ = ["routes"]
