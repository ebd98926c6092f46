"""Lists whose items have addresses of their own: what a map gives to the next step."""

from __future__ import annotations

from collections.abc import Sequence

from tenuto.core.canonical import canonical_json
from tenuto.core.digests import digest_of
from tenuto.core.value_types import ValueType, list_of
from tenuto.pipelines.words import Encoding, StoredValue


def joined(parts: Sequence[StoredValue], item: ValueType) -> StoredValue:
    """Return the list of the parts. Its digest is that of their digests in order; it has no content else."""
    listing = canonical_json([[part.encoding.value, part.digest] for part in parts])
    size = sum(part.size for part in parts)
    return StoredValue(list_of(item), Encoding.PARTS, digest_of(listing), size, parts=tuple(parts))
