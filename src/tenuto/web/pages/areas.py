"""All areas of the console."""

from __future__ import annotations

from tenuto.web.pages import (
    access,
    account,
    approvals,
    audit,
    datasets,
    endpoints,
    home,
    invitation,
    models,
    providers,
    runs,
    spend,
    start,
    traffic,
    workspaces,
)

AREAS = (
    home,
    start,
    invitation,
    workspaces,
    datasets,
    runs,
    models,
    approvals,
    endpoints,
    traffic,
    spend,
    access,
    account,
    audit,
    providers,
)
