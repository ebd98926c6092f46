"""How a registered model is served: what is stored beside its bytes."""

from __future__ import annotations

import msgspec

from tenuto.serving.words import PickleClearance, Signature, Tensor


class Packaging(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a model version that serving reads; it is made when the model is packaged.

    ``expected`` are the answers to ``sample`` that the trained model itself gave: a server that answers
    otherwise does not take traffic.
    """

    signature: Signature
    sample: tuple[Tensor, ...]
    expected: tuple[Tensor, ...] = ()
    tolerance: float = 1e-4
    trusted_types: tuple[str, ...] = ()
    clearance: PickleClearance | None = None
