"""Spend: what was used and what it cost, by day, workspace, route and model; and the budgets."""

from tenuto.web.pages.spend.pages import routes

__all__ = ["routes"]
