"""People, service accounts, keys and secrets."""

from __future__ import annotations

from collections.abc import Sequence

from tenuto.client.api.calls import Calls, Request
from tenuto.client.words import (
    Done,
    Invited,
    Items,
    KeyInfo,
    LoggedIn,
    MadeKey,
    NewPassword,
    Person,
    SecretInfo,
    ServiceAccount,
    ShutOut,
    Who,
)


class Identities:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def setup(
        self,
        *,
        token: str,
        name: str,
        email: str,
        password: str,
        organisation: str = "Organisation",
        currency: str = "EUR",
    ) -> LoggedIn:
        """Make the first owner with the one-time token of `tenuto up`."""
        body = {
            "token": token,
            "name": name,
            "email": email,
            "password": password,
            "organisation": organisation,
            "currency": currency,
        }
        return self._calls.send(Request("POST", "/api/v1/setup", body=body), LoggedIn)

    def login(self, *, email: str, password: str) -> LoggedIn:
        """Return a key for the control plane, good for twelve hours."""
        body = {"email": email, "password": password}
        return self._calls.send(Request("POST", "/api/v1/login", body=body), LoggedIn)

    def accept(self, *, token: str, name: str, password: str) -> LoggedIn:
        """Set the first password of an invited person."""
        body = {"token": token, "name": name, "password": password}
        return self._calls.send(Request("POST", "/api/v1/invitations/accept", body=body), LoggedIn)

    def whoami(self) -> Who:
        return self._calls.send(Request("GET", "/api/v1/whoami"), Who)

    def people(self) -> list[Person]:
        return self._calls.send(Request("GET", "/api/v1/people"), Items[Person]).items

    def invite(self, *, email: str, name: str) -> Invited:
        body = {"email": email, "name": name}
        return self._calls.send(Request("POST", "/api/v1/people", body=body), Invited)

    def change_password(self, *, current: str, new: str, revoke_keys: bool = False) -> NewPassword:
        """Set the caller's password. Every session of theirs ends; keys work on unless ``revoke_keys``."""
        body = {"current": current, "new": new, "revoke_keys": revoke_keys}
        return self._calls.send(Request("POST", "/api/v1/password", body=body), NewPassword)

    def deactivate(self, person: str) -> ShutOut:
        """Shut the person of that id out: sessions, keys and invitations end at once."""
        request = Request("POST", "/api/v1/people/{person}/deactivate", {"person": person})
        return self._calls.send(request, ShutOut)

    def reactivate(self, person: str) -> Person:
        request = Request("POST", "/api/v1/people/{person}/reactivate", {"person": person})
        return self._calls.send(request, Person)

    def deactivate_account(self, name: str) -> ShutOut:
        """Shut a service account out: its keys end at once."""
        request = Request("POST", "/api/v1/service-accounts/{name}/deactivate", {"name": name})
        return self._calls.send(request, ShutOut)

    def reactivate_account(self, name: str) -> ServiceAccount:
        request = Request("POST", "/api/v1/service-accounts/{name}/reactivate", {"name": name})
        return self._calls.send(request, ServiceAccount)

    def accounts(self) -> list[ServiceAccount]:
        return self._calls.send(Request("GET", "/api/v1/service-accounts"), Items[ServiceAccount]).items

    def create_account(self, *, name: str) -> ServiceAccount:
        """Make a service account that the caller answers for."""
        return self._calls.send(
            Request("POST", "/api/v1/service-accounts", body={"name": name}), ServiceAccount
        )

    def keys(self) -> list[KeyInfo]:
        return self._calls.send(Request("GET", "/api/v1/keys"), Items[KeyInfo]).items

    def create_key(
        self,
        *,
        name: str,
        purpose: str,
        account: str | None = None,
        models: Sequence[str] | None = None,
        days: int = 90,
    ) -> MadeKey:
        """Make a key for the caller or for a service account. ``purpose`` is ``gateway`` or ``platform``."""
        body = {"name": name, "purpose": purpose, "account": account, "models": models, "days": days}
        return self._calls.send(Request("POST", "/api/v1/keys", body=body), MadeKey)

    def revoke_key(self, key: str) -> KeyInfo:
        """End the key of that id at once."""
        return self._calls.send(Request("DELETE", "/api/v1/keys/{key}", {"key": key}), KeyInfo)

    def secrets(self) -> list[SecretInfo]:
        return self._calls.send(Request("GET", "/api/v1/secrets"), Items[SecretInfo]).items

    def write_secret(self, name: str, *, value: str) -> SecretInfo:
        """Write a secret, or its next version. It is never read back."""
        request = Request("PUT", "/api/v1/secrets/{name}", {"name": name}, body={"value": value})
        return self._calls.send(request, SecretInfo)

    def delete_secret(self, name: str) -> Done:
        return self._calls.send(Request("DELETE", "/api/v1/secrets/{name}", {"name": name}), Done)
