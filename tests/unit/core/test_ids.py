from __future__ import annotations

import threading
import uuid

from tenuto.core.ids import UuidSeven, is_id


def test_identifiers_are_version_seven_and_sort_in_the_order_they_were_made() -> None:
    ids = UuidSeven()
    made = [ids.new() for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.UUID(one).version for one in made} == {7}
    assert {uuid.UUID(one).variant for one in made} == {uuid.RFC_4122}


def test_identifiers_made_by_many_threads_are_distinct() -> None:
    ids, made = UuidSeven(), []
    threads = [threading.Thread(target=lambda: made.extend(ids.new() for _ in range(500))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4_000


def test_only_the_canonical_form_is_an_identifier() -> None:
    good = UuidSeven().new()
    assert is_id(good)
    assert not is_id(good.upper())
    assert not is_id(good.replace("-", ""))
    assert not is_id("../../etc/passwd")
