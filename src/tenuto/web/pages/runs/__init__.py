"""Runs: which there are, and one of them as it goes."""

from tenuto.web.pages.runs.pages import routes

__all__ = ["routes"]
