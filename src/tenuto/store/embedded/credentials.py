"""The passwords of one home's database: made once, kept in files that only the owner of the home reads."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.database import Role
from tenuto.store.embedded.errors import PASSWORD_LOST
from tenuto.store.embedded.files import read_private, write_private
from tenuto.store.embedded.layout import Layout

NewPassword = Callable[[], str]


class Credentials(msgspec.Struct, frozen=True):
    """``roles`` holds one password for each of Tenuto's database roles, by the role's name."""

    admin: str
    roles: dict[str, str]

    def __repr__(self) -> str:
        return "Credentials(***)"


def read_credentials(layout: Layout) -> Credentials:
    """Read the passwords. Raises when a file is missing: the database is there, the way in is not."""
    admin, roles = read_private(layout.admin_password), read_private(layout.role_passwords)
    if admin is None or roles is None:
        missing = layout.admin_password if admin is None else layout.role_passwords
        raise TenutoError(PASSWORD_LOST, str(missing))
    try:
        return Credentials(admin.decode().strip(), msgspec.json.decode(roles, type=dict[str, str]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TenutoError(PASSWORD_LOST, f"{layout.role_passwords}: {error}") from error


def ensure_credentials(layout: Layout, new_password: NewPassword) -> Credentials:
    """Read the passwords, making what is missing; the administrator's only before there is a database."""
    if not layout.data.exists() and read_private(layout.admin_password) is None:
        write_private(layout.admin_password, f"{new_password()}\n".encode())
    if read_private(layout.role_passwords) is None:
        made = {role.value: new_password() for role in Role}
        write_private(layout.role_passwords, msgspec.json.encode(made))
    return read_credentials(layout)
