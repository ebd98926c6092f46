"""The verbs of data."""

from __future__ import annotations

from tenuto.core.decoding import convert
from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref
from tenuto.data.words import SourceSpec
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.errors import RESOURCE_UNKNOWN
from tenuto.govern.resources.words import Declared
from tenuto.govern.use_case import Case, use_case


@use_case("data:source:ingest", mutating=False)
def source_to_read(case: Case, *, name: str) -> Declared[SourceSpec]:
    """Return a source that the actor may read from. What is read is recorded when it is registered."""
    found = resources.find(case.tx, "Source", name)
    if found is None:
        raise TenutoError(RESOURCE_UNKNOWN, f"Source/{name}")
    case.permit(Ref("Source", found.id, name, found.workspace))
    spec = convert(found.spec, SourceSpec)
    return Declared(found.id, "Source", name, found.workspace, found.version, spec)
