"""``Source`` as a declared thing."""

from __future__ import annotations

from tenuto.data.words import SourceSpec
from tenuto.govern.resources.words import Kind, Level

SOURCE = Kind(
    name="Source",
    level=Level.WORKSPACE,
    spec=SourceSpec,
    summary="Where data comes from: CSV files below an allowed folder.",
)
