"""The application of the demo: it has a gateway key, and calls with clients that others have written."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from tenuto.cli.demo.door import Door
from tenuto.cli.demo.people import Uses
from tenuto.cli.demo.words import Means

NAME = "support-app"


class Application:
    def __init__(self, address: str, key: str, uses: Uses) -> None:
        self._address = address
        self._key = key
        self._uses = uses

    def __repr__(self) -> str:
        return f"Application({NAME!r})"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    @property
    def http(self) -> Door:
        self._uses.note(NAME, Means.HTTP)
        return self._door

    @property
    def models(self) -> Any:
        """The official SDK, pointed at the gateway."""
        self._uses.note(NAME, Means.MODEL_SDK)
        return self._sdk

    @property
    def predictions(self) -> Any:
        """The client that the Open Inference Protocol's authors publish."""
        self._uses.note(NAME, Means.INFERENCE_CLIENT)
        return self._inference

    @cached_property
    def _door(self) -> Door:
        return Door(self._address, self._key)

    @cached_property
    def _sdk(self) -> Any:
        import openai

        return openai.OpenAI(base_url=f"{self._address}/v1", api_key=self._key, max_retries=0)

    @cached_property
    def _inference(self) -> Any:
        import tritonclient.http as triton

        return triton.InferenceServerClient(self._address.removeprefix("http://"))

    def close(self) -> None:
        for name in ("_sdk", "_inference"):
            if name in self.__dict__:
                self.__dict__[name].close()
