from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from support.world import World
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import use_cases
from tenuto.govern.secrets.use_cases import SecretInfo, delete_secret, write_secret
from tenuto.govern.secrets.vault import use_secret
from tenuto.store.database import Role

CANARY = SecretText("canary-8f1b2c3d4e5f")


def write(world: World, scope: Scope, value: SecretText = CANARY, name: str = "token") -> SecretInfo:
    return write_secret(world.desk, scope, vault=world.vault, name=name, value=value)


@pytest.mark.capability("C8")
def test_a_secret_is_written_and_used_and_never_shown(world: World) -> None:
    assert write(world, world.home).version == 1
    assert write(world, world.home, SecretText("canary-next")).version == 2
    (shown,) = use_cases.secrets(world.desk, world.home)
    assert (shown.name, shown.version) == ("token", 2)
    value, version = use_secret(world.desk, world.vault, "token")
    assert (value.reveal(), version) == ("canary-next", 2)
    tables = ("secret", "audit_record", "outbox_event")
    texts = [sa.text(f"select t::text as whole from {name} t") for name in tables]  # noqa: S608 (our own names)
    with world.desk.database.begin(world.home, Role.SYSTEM) as tx:
        rows = [row.whole for text in texts for row in tx.rows(text)]
        rows += [bytes(row.envelope).decode() for row in tx.rows(sa.text("select envelope from secret"))]
        rows += [bytes(row.body).decode() for row in tx.rows(sa.text("select body from audit_record"))]
    everything = "\n".join(rows)
    for secret in ("canary-next", CANARY.reveal()):
        assert secret not in everything
        assert secret.encode().hex() not in everything


@pytest.mark.capability("C8")
def test_secrets_of_one_place_are_not_those_of_another(world: World) -> None:
    lab, other = world.inside("lab"), world.declare_workspace("other")
    for number, scope in enumerate((world.home, lab)):
        write(world, scope, SecretText(f"value {number}"))
    assert use_secret(world.desk, world.vault, "token", lab.workspace)[0].reveal() == "value 1"
    assert use_secret(world.desk, world.vault, "token")[0].reveal() == "value 0"
    assert use_cases.secrets(world.desk, other) == []
    with pytest.raises(TenutoError) as caught:
        use_secret(world.desk, world.vault, "token", other.workspace)
    assert caught.value.fault.code == "govern.secret_unknown"
    delete_secret(world.desk, lab, name="token")
    assert use_secret(world.desk, world.vault, "token")[0].reveal() == "value 0"
    with pytest.raises(TenutoError) as caught:
        delete_secret(world.desk, lab, name="token")
    assert caught.value.fault.code == "govern.secret_unknown"


@pytest.mark.capability("C8")
def test_an_envelope_opens_in_its_own_row_only(world: World) -> None:
    write(world, world.home, name="one")
    write(world, world.home, name="two")
    with world.desk.database.begin(world.home, Role.SYSTEM) as tx:
        tx.execute(
            sa.text(
                "update secret set envelope = (select envelope from secret where name = 'one') where name = 'two'"
            )
        )
    with pytest.raises(TenutoError) as caught:
        use_secret(world.desk, world.vault, "two")
    assert CANARY.reveal() not in str(caught.value)


def test_two_who_write_at_once_lose_nothing_silently(world: World) -> None:
    write(world, world.home)
    together = threading.Barrier(4)

    def next_version(number: int) -> int:
        together.wait(10)
        return write(world, world.home, SecretText(f"value {number}")).version

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(next_version, range(4))) == [2, 3, 4, 5]
    assert use_secret(world.desk, world.vault, "token")[1] == 5


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Bad Name", "v", "govern.secret_name_invalid"),
        ("", "v", "govern.secret_name_invalid"),
        ("a/b", "v", "govern.secret_name_invalid"),
        ("token\n", "v", "govern.secret_name_invalid"),
        ("x" * 129, "v", "govern.secret_name_invalid"),
        ("token", "", "govern.secret_empty"),
        ("token", " \t\n", "govern.secret_empty"),
    ],
)
def test_a_secret_has_a_name_and_a_value(world: World, name: str, value: str, code: str) -> None:
    with pytest.raises(TenutoError) as caught:
        write(world, world.home, SecretText(value), name)
    assert caught.value.fault.code == code
    assert use_cases.secrets(world.desk, world.home) == []


@pytest.mark.parametrize("name", ["t", "OPENAI_API_KEY", "key-of.one", "x" * 128])
def test_usual_names_are_taken(world: World, name: str) -> None:
    assert write(world, world.home, name=name).version == 1
