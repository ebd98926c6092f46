"""A new password for who knows the old one."""

from __future__ import annotations

from tenuto.core.errors import TenutoError
from tenuto.core.words import ActorKind, Scope
from tenuto.govern.identities import queries
from tenuto.govern.identities.entrance import Doorkeeper, recognised
from tenuto.govern.identities.errors import PASSWORD_OF_NOBODY
from tenuto.govern.identities.use_cases import NewPassword, set_password
from tenuto.govern.secret_text import SecretText


def change_password(
    keeper: Doorkeeper, scope: Scope, *, current: SecretText, new: SecretText, revoke_keys: bool = False
) -> NewPassword:
    """Prove the old password, as a sign-in does and counted like one, and set the new one."""
    if scope.actor.kind is not ActorKind.PERSON:
        raise TenutoError(PASSWORD_OF_NOBODY, scope.actor.kind.value)
    with keeper.desk.database.begin(scope) as tx:
        email = queries.person_by_id(tx, scope.actor.id).email
    recognised(keeper, scope, email, current)
    return set_password(keeper.desk, scope, keeper=keeper, password=new, revoke_keys=revoke_keys)
