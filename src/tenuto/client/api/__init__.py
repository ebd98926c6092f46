"""The API of a platform as typed methods, one for each of its routes.

from tenuto.client.api import Tenuto

with Tenuto("http://127.0.0.1:8484", token, workspace="lab") as tenuto:
    print(tenuto.resources.listing("Route"))
"""

from __future__ import annotations

from tenuto.client.api.client import Tenuto
from tenuto.client.documents import Document
from tenuto.client.http import Limits

__all__ = ["Document", "Limits", "Tenuto"]
