"""What the server asks of a loaded model, whatever it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tenuto.serving.words import ModelSpec, ModelStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array
    from tenuto.serving.protocol.call import InferCall


class Model(Protocol):
    spec: ModelSpec

    @property
    def ready(self) -> bool:
        """Whether a request would be computed now. True only after the sample was predicted."""
        ...

    async def predict(self, call: InferCall) -> Mapping[str, Array]:
        """Compute the wanted outputs for this caller's rows. Raises ``MODEL_*`` and ``HOST_OVERLOADED``."""
        ...

    def status(self) -> ModelStatus: ...

    async def close(self) -> None:
        """Let go of everything the model holds, its process included."""
        ...


def seconds_for(spec: ModelSpec, call: InferCall) -> float:
    """A client may ask for less time than the deployment grants, never for more."""
    return min(spec.deadline_seconds, call.timeout_seconds or spec.deadline_seconds)
