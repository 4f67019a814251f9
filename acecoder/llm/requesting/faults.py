"""What a failed request means: try again, set this prompt aside, or stop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acecoder.errors import AceCoderError, InputError

if TYPE_CHECKING:
    import openai

EMPTY_ACCOUNT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
MAX_WAIT_S = 60.0
"""The longest `Retry-After` that is waited for."""


class PromptRefused(Exception):
    """The server will never answer this prompt; others it may."""


class ParameterRefused(Exception):
    """The server does not take a parameter, by its name."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(said)
        self.name = name


@dataclass(frozen=True)
class Transient:
    """Worth another try."""

    why: str
    wait_s: float | None = None
    """What the server asked for."""


def error_of(error: openai.APIStatusError) -> dict[str, Any]:
    """The error object of a response that is none of 2xx; its text where it has none."""
    try:
        data = json.loads(error.response.text)
    except (ValueError, RecursionError):
        return {"message": error.response.text[:300]}
    found = data.get("error", data) if isinstance(data, dict) else {}
    return found if isinstance(found, dict) else {"message": str(found)[:300]}


def said(error: dict[str, Any]) -> str:
    """What the server said, in short."""
    message = error.get("message") or error.get("detail") or error.get("code") or "nothing"
    return str(message)[:300]


def empty_account(error: dict[str, Any], where: str) -> AceCoderError | None:
    """The fault of an account without money: waiting would not help."""
    if not {str(error.get("code")), str(error.get("type"))} & set(EMPTY_ACCOUNT):
        return None
    return InputError(
        f"the account is empty (insufficient_quota): {said(error)}",
        where=where,
        remedy="answers so far are kept; pay, and run the same command again",
    )


def refused_at_once(
    status: int, error: dict[str, Any], where: str, model: str, key_env: str
) -> AceCoderError | None:
    """A fault that every request of this run would meet."""
    if status in (401, 403):
        return InputError(
            f"the endpoint refused the key ({status}): {said(error)}",
            where=where,
            remedy=f"set {key_env or 'api_key_env in the profile'}",
        )
    if status == 404 or error.get("param") == "model" or error.get("code") == "model_not_found":
        return InputError(
            f"the endpoint refused the request ({status}): {said(error)}",
            where=f"{where}, model {model}",
            remedy="base_url usually ends in /v1; ask its /models for the names it has",
        )
    return None


def wait_of(error: openai.APIStatusError) -> float | None:
    """The seconds that `Retry-After` asks for, if that is a number of them, and not too many."""
    try:
        return min(max(float(error.response.headers["retry-after"]), 0.0), MAX_WAIT_S)
    except (KeyError, ValueError):
        return None
