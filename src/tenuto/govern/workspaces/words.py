"""The words of places."""

from __future__ import annotations

from enum import Enum

import msgspec

from tenuto.core.words import Ref


class Environment(Enum):
    DEVELOPMENT = "development"
    STAGING = "staging"
    TEST = "test"
    PRODUCTION = "production"


class Workspace(msgspec.Struct, frozen=True):
    id: str
    name: str
    project: str
    environment: Environment
    separation_of_duties: bool

    @property
    def ref(self) -> Ref:
        facts = {"environment": self.environment.value, "separation_of_duties": self.separation_of_duties}
        return Ref("Workspace", self.id, self.name, self.id, facts)


class Organisation(msgspec.Struct, frozen=True):
    """The one organisation of this installation. All money is in its ``currency`` (ISO 4217)."""

    id: str
    name: str
    currency: str

    @property
    def ref(self) -> Ref:
        return Ref("Organisation", self.id, self.name)
