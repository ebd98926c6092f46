from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tenuto.guard.personal import Entity, find
from unit.guard.personal.corpus import corpus

pytestmark = pytest.mark.capability("G12")

# Wrong IBANs contain groups that pass as cards once in a while; everything else is exact on this corpus.
LOWEST = {Entity.CARD: 0.97}


def test_precision_and_recall_per_entity(record_testsuite_property: Callable[[str, str], None]) -> None:
    """The figures of docs/how-to/personal-data.md; ``--junit-xml`` writes them down."""
    right: Counter[Entity] = Counter()
    returned: Counter[Entity] = Counter()
    expected: Counter[Entity] = Counter()
    for sentence in corpus(seed=20, each=200):
        findings = {(finding.entity, finding.start, finding.end) for finding in find(sentence.text)}
        right.update(entity for entity, _, _ in findings & set(sentence.spans))
        returned.update(entity for entity, _, _ in findings)
        expected.update(entity for entity, _, _ in sentence.spans)
    recall = {entity: right[entity] / expected[entity] for entity in Entity}
    precision = {entity: right[entity] / returned[entity] for entity in Entity}
    for entity in Entity:
        record_testsuite_property(entity, f"recall {recall[entity]:.3f}, precision {precision[entity]:.3f}")
    assert {entity: value for entity, value in recall.items() if value < 0.99} == {}
    assert {entity: value for entity, value in precision.items() if value < LOWEST.get(entity, 0.99)} == {}
