"""Which parameters a request has, and under which names: APIs differ in what they know."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from pydantic import Field, JsonValue

from acecoder.config import Config
from acecoder.llm.interface import MAX_SEED, Request

OTHER_NAMES = {"max_tokens": "max_completion_tokens"}
"""What a server may want in the place of a parameter that it refuses."""


class Parameters(Config):
    """The names under which a request's parameters are sent; an empty name leaves one out."""

    max_tokens: str = "max_tokens"
    """E.g. `max_completion_tokens`."""
    temperature: str = "temperature"
    """Some models have one temperature."""
    top_p: str = "top_p"
    """Left out where it is 1."""
    seed: str = "seed"
    """Without it, samples differ as the server likes."""
    stop: str = "stop"
    """Left out where there is none; answers are cut at it here too."""
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    """Anything else of the request, e.g. `{ chat_template_kwargs = { enable_thinking = false } }`."""
    adapt: bool = True
    """A parameter that the server refuses by name is left out, or sent under its newer name, and it
    is said so; false stops."""


NAMED = ("max_tokens", "temperature", "top_p", "seed", "stop")


def body_of(
    request: Request, model: str, names: Parameters, refused: Collection[str]
) -> dict[str, Any]:
    """The request as the API's JSON; `refused` are names the server does not take."""
    values: dict[str, Any] = {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p if request.top_p != 1.0 else None,
        "seed": request.seed % MAX_SEED,
        "stop": list(request.stop) or None,
    }
    messages = [{"role": role, "content": content} for role, content in request.messages]
    body: dict[str, Any] = {"model": model, "messages": messages, **names.extra_body}
    if request.prefill:
        messages.append({"role": "assistant", "content": request.prefill})
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    for own, value in values.items():
        name = getattr(names, own)
        if name in refused:
            name = OTHER_NAMES.get(name, "")
        if name and name not in refused and value is not None:
            body[name] = value
    return body


_UNKNOWN = re.compile(
    r"(?:unsupported|unknown|unrecognized|unexpected|invalid|extra|not permitted|not supported|deprecated)",
    re.IGNORECASE,
)


def refused_parameter(error: dict[str, Any], sent: Collection[str]) -> str:
    """The parameter that a 400 refuses by name, of those that were sent; empty for none."""
    named = error.get("param")
    message = str(error.get("message") or "")
    if not _UNKNOWN.search(f"{message} {error.get('code')}"):
        return ""
    if isinstance(named, str) and named in sent:
        return named
    return next(
        (name for name in sent if re.search(rf"['\"`]{re.escape(name)}['\"`]", message)), ""
    )
