"""What a server sent with status 200 -> an answer, one that is set aside, or one to ask for again."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from acecoder.llm.interface import Answer, SetAside, before_stop


@dataclass(frozen=True)
class Unread:
    """No answer, though the server said that all was well: it may be asked again."""

    why: str
    error: dict[str, Any] | None = None
    """An error object in the place of an answer."""
    is_empty: bool = False
    """A whole completion without any text."""


def read_completion(body: str, stop: tuple[str, ...]) -> Answer | SetAside | Unread:
    """The first choice of a chat completion, as text up to the first of `stop`."""
    if not body.strip():
        return Unread("an empty body")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return Unread("a body that is cut off or no JSON")
    if not isinstance(data, dict):
        return Unread("a body that is no object")
    error = data.get("error")
    if error:
        table = error if isinstance(error, dict) else {"message": str(error)}
        return Unread(f"an error in a 200: {str(table.get('message'))[:200]}", table)
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return Unread("no choices")
    found = _read_choice(choice, choice["message"], _tokens(data, "completion_tokens"), stop)
    if isinstance(found, Unread):
        return found
    return replace(found, num_prompt_tokens=_tokens(data, "prompt_tokens"))


def _read_choice(
    choice: dict[str, Any], message: dict[str, Any], tokens: int, stop: tuple[str, ...]
) -> Answer | SetAside | Unread:
    text = _text(message.get("content"))
    finish = choice.get("finish_reason")
    if finish == "content_filter":
        return SetAside("content_filter", "the server's filter ended the answer", tokens)
    if text.strip():
        return Answer(before_stop(text, stop), tokens, finish == "length")
    if message.get("refusal"):
        return SetAside("refusal", str(message["refusal"])[:300], tokens)
    if message.get("tool_calls") or message.get("function_call"):
        return SetAside("tool_calls", "the model called a tool", tokens)
    if message.get("reasoning_content") or message.get("reasoning"):
        return SetAside("reasoning_only", f"no answer after the reasoning ({finish})", tokens)
    return Unread("an answer without text", is_empty=True)


def _text(content: object) -> str:
    """A text, or the texts of its parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _tokens(data: dict[str, Any], kind: str) -> int:
    usage = data.get("usage")
    count = usage.get(kind) if isinstance(usage, dict) else None
    return count if isinstance(count, int) else 0
