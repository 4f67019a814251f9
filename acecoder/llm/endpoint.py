"""Generation through any OpenAI-compatible endpoint.

The key is read from the environment variable the profile names and goes nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from acecoder.config import Config, digest_of, incidental
from acecoder.engine.home import Home
from acecoder.errors import InputError
from acecoder.llm.interface import Found, Generator, Request, SetAside
from acecoder.llm.model import ModelConfig
from acecoder.llm.requesting.client import Client, Endpoint
from acecoder.llm.requesting.parameters import Parameters
from acecoder.llm.served import ServedModel


class Price(Config):
    """What an endpoint's tokens cost."""

    prompt_usd_per_million_tokens: float = Field(ge=0)
    """Of what it reads."""
    completion_usd_per_million_tokens: float = Field(ge=0)
    """Of what it writes."""


class EndpointModel(ModelConfig):
    """A model behind an OpenAI-compatible API."""

    kind: Literal["endpoint"] = "endpoint"
    """`endpoint`: requests go to `base_url`."""
    base_url: str = incidental()
    """Where the API lives, e.g. `http://127.0.0.1:8000/v1`."""
    model: str = Field(min_length=1)
    """The model's name there."""
    version: str = ""
    """The version of the model that must serve, where a server names it (`NAME/VERSION` in /v1/models, as
    manifests/serving does): a number, or `ask` for the one that serves now. It is in the stage key, so
    that answers of one version are never taken for another's."""
    api_key_env: str = incidental("")
    """The environment variable that holds the key; never the key itself."""
    parameters: Parameters = Parameters()
    """Which parameters requests have, and under which names."""
    timeout_s: float = incidental(120.0, gt=0)
    """How long one try of a request may take, to its last byte."""
    max_retries: int = incidental(4, ge=0)
    """Tries after the first, with growing waits, or those the server asks for."""
    concurrency: int = incidental(8, ge=1, le=1000)
    """Requests under way at once."""
    max_refused_share: float = incidental(0.05, ge=0, le=1)
    """Above this share of prompts that the server will not answer (too long, against its policy) the
    step stops; below, they are counted and set aside."""
    price: Price | None = incidental(None)
    """What its tokens cost, for the report's cost."""
    prefill: bool = False
    """Begin the answer for the model, e.g. with an opened fence; only some servers (vLLM) can
    continue an answer."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.base_url:
            raise ValueError("an endpoint needs base_url and model")
        if "@" in self.base_url.partition("://")[2].partition("/")[0]:
            raise ValueError("base_url must not hold a user or password; use api_key_env")
        return self

    @property
    def name(self) -> str:
        return self.model

    @property
    def prefills(self) -> bool:
        return self.prefill

    def asked(self) -> str:
        """The name that requests have: with the version, which a server that has rolled on refuses."""
        if not self.version:
            return self.model
        if self.version != "ask":
            return f"{self.model}/{self.version}"
        server = ServedModel(self.base_url.rstrip("/").removesuffix("/v1"), read_key(self))
        return f"{self.model}/{server.version_of(self.model)}"

    def identity(self) -> str:
        changed = self.parameters.model_dump(exclude_defaults=True)
        return f"endpoint:{self.asked()}" + (f":{digest_of(changed)[:16]}" if changed else "")

    def open(self, home: Home, *, weights: Path | None = None) -> Generator:
        """See `ModelConfig.open`. Raises InputError on weights: an endpoint has its own."""
        if weights is not None:
            raise InputError(
                "an endpoint cannot run given weights",
                where=self.base_url,
                remedy='a local model (kind = "local") for the step that has an input `model`',
            )
        return EndpointGenerator(self)

    def check(self, home: Home) -> str:
        read_key(self)
        request = Request(messages=(("user", "Say hello."),), max_tokens=4)
        (((_, answer),),) = filter(None, EndpointGenerator(self).generate([request]))
        told = f", but said nothing ({answer.reason})" if isinstance(answer, SetAside) else ""
        return f"{self.model} answers at {self.base_url}{told}"


CONFIG = EndpointModel


class EndpointGenerator:
    """Chat completions, many requests at once."""

    whole_batches = False

    def __init__(self, config: EndpointModel, say: Callable[[str], None] = print) -> None:
        asked = config.asked()
        # The version is asked for once: what is journaled is what was requested.
        settled = config.model_copy(update={"version": asked.removeprefix(f"{config.model}/")})
        self.identity = (settled if config.version else config).identity()
        self.max_refused_share = config.max_refused_share
        self._client = Client(
            Endpoint(
                base_url=config.base_url,
                model=asked,
                key=read_key(config),
                key_env=config.api_key_env,
                parameters=config.parameters,
                timeout_s=config.timeout_s,
                max_retries=config.max_retries,
                concurrency=config.concurrency,
            ),
            say,
        )

    def batches(self, requests: Sequence[Request]) -> Iterator[Sequence[int]]:
        """All at once: no request waits for those before it to be done."""
        if requests:
            yield range(len(requests))

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Found]]:
        """See `Generator.generate`."""
        return self._client.answers(requests)


def read_key(config: EndpointModel) -> str:
    """The key from the named variable. Raises InputError where it is named and not set."""
    if not config.api_key_env:
        return "none"
    key = os.environ.get(config.api_key_env)
    if not key:
        raise InputError(
            f"the environment variable {config.api_key_env} is not set",
            where=f"the key for {config.base_url}",
            remedy=f"export {config.api_key_env}=...",
        )
    return key
