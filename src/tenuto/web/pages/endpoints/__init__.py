"""Endpoints: what answers predictions, since when, and how to ask it."""

from tenuto.web.pages.endpoints.pages import routes

__all__ = ["routes"]
