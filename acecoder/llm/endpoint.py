"""Generation through any OpenAI-compatible endpoint.

The key is read from the environment variable the profile names and goes nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from acecoder.config import incidental
from acecoder.engine.home import Home
from acecoder.errors import InputError, LLMUnavailable
from acecoder.llm.interface import Answer, Generator, Request
from acecoder.llm.model import ModelConfig


class EndpointModel(ModelConfig):
    """A model behind an OpenAI-compatible API."""

    kind: Literal["endpoint"] = "endpoint"
    """`endpoint`: requests go to `base_url`."""
    base_url: str = incidental()
    """Where the API lives, e.g. `http://127.0.0.1:8000/v1`."""
    model: str = Field(min_length=1)
    """The model's name there."""
    api_key_env: str = incidental("")
    """The environment variable that holds the key; never the key itself."""
    timeout_s: float = incidental(120.0, gt=0)
    """How long one request may take."""
    max_retries: int = incidental(4, ge=0)
    """Tries after the first, with exponential waits."""
    concurrency: int = incidental(8, ge=1)
    """Requests under way at once."""
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

    def identity(self) -> str:
        return f"endpoint:{self.model}"

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
        list(EndpointGenerator(self).generate([request]))
        return f"{self.model} answers at {self.base_url}"


CONFIG = EndpointModel


class EndpointGenerator:
    """Chat completions, several requests at once, retried with exponential waits."""

    whole_batches = False

    def __init__(self, config: EndpointModel) -> None:
        import openai

        self.identity = config.identity()
        self._config = config
        self._client = openai.OpenAI(
            base_url=config.base_url,
            api_key=read_key(config),
            timeout=config.timeout_s,
            max_retries=config.max_retries,
        )

    def batches(self, requests: Sequence[Request]) -> Iterator[Sequence[int]]:
        """One request per group would serialise; groups of the width of the connection pool."""
        width = 4 * self._config.concurrency
        for start in range(0, len(requests), width):
            yield range(start, min(start + width, len(requests)))

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """See `Generator.generate`."""
        failed: BaseException | None = None
        stopped = Event()

        def ask(request: Request) -> Answer | None:
            return None if stopped.is_set() else self._ask(request)

        with ThreadPoolExecutor(self._config.concurrency) as pool:
            waiting = {pool.submit(ask, request): i for i, request in enumerate(requests)}
            try:
                for future in as_completed(waiting):
                    error = future.exception()
                    if error is not None:
                        # What is under way is heard out, for it is paid for; nothing new is asked.
                        failed = failed or error
                        stopped.set()
                        continue
                    answer = future.result()
                    if answer is not None:
                        yield waiting[future], answer
            finally:
                stopped.set()
        if failed is not None:
            raise failed

    def _ask(self, request: Request) -> Answer:
        import openai

        messages: list[Any] = [{"role": r, "content": c} for r, c in request.messages]
        extra: dict[str, Any] = {}
        if request.prefill:
            messages.append({"role": "assistant", "content": request.prefill})
            extra = {"continue_final_message": True, "add_generation_prompt": False}
        try:
            done = self._client.chat.completions.create(
                model=self._config.model,
                messages=messages,
                max_tokens=request.max_tokens,
                temperature=request.temperature,
                top_p=request.top_p,
                seed=request.seed,
                stop=list(request.stop) or None,
                extra_body=extra or None,
            )
            choice = done.choices[0]
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise InputError(
                f"the endpoint refused the key ({error.status_code})",
                where=self._config.base_url,
                remedy=f"set {self._config.api_key_env or 'api_key_env in the profile'}",
            ) from None
        except (openai.NotFoundError, openai.BadRequestError) as error:
            raise InputError(
                f"the endpoint refused the request ({error.status_code}): {error.message[:300]}",
                where=f"{self._config.base_url}, model {self._config.model}",
            ) from None
        except (openai.OpenAIError, IndexError, TypeError, AttributeError) as error:
            raise LLMUnavailable(
                f"no answer after {self._config.max_retries + 1} tries: {_first_line(error)}",
                where=self._config.base_url,
                remedy="is the server up? answers so far are kept; run the same command again",
            ) from None
        text = choice.message.content or ""
        tokens = done.usage.completion_tokens if done.usage else 0
        return Answer(text, tokens, choice.finish_reason == "length")


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


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return f"{type(error).__name__}: {str(cause).splitlines()[0] if str(cause) else ''}"[:300]
