"""Chat templates of tokenizers: whether there is one, and what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acecoder.errors import InputError

Messages = Sequence[tuple[str, str]]
"""(role, content) in order."""


def require_template(tokenizer: Any, where: str) -> None:
    """Raises: InputError where the model has no chat template, or one that cannot be rendered."""
    remedy = "use the instruct model, or put a chat_template.jinja beside its tokenizer"
    if not getattr(tokenizer, "chat_template", None):
        raise InputError(
            "this model has no chat template: it is a base model", where=where, remedy=remedy
        )
    try:
        _rendered(tokenizer, [("user", "Hello.")], generation=True)
    except Exception as error:  # whatever a template of somebody else's raises
        raise InputError(
            f"the chat template cannot be rendered: {error}", where=where, remedy=remedy
        ) from None


def render_chat(tokenizer: Any, messages: Messages, prefill: str) -> str:
    """The prompt of a conversation, up to the point where the model continues it.

    Where the template has no system role, the system message is put before the first user message.
    """
    if not messages:  # no conversation: code, as a base model was trained on
        return (tokenizer.bos_token or "") + prefill
    chosen = messages if takes_system(tokenizer, messages) else without_system(messages)
    return _rendered(tokenizer, chosen, generation=True) + prefill


def prompt_ids(tokenizer: Any, text: str) -> list[int]:
    """The ids of a rendered prompt. Templates write the first token themselves: nothing is added to it."""
    return [int(each) for each in tokenizer(text, add_special_tokens=False)["input_ids"]]


def as_read(tokenizer: Any, text: str) -> str:
    """A rendered prompt for a library that tokenizes it in its own way: what that makes of it are the
    `prompt_ids`.

    Tokenizers of Llama 3, Mistral and Gemma put a first token before every text, and their templates have
    written one. Raises InputError where a tokenizer adds other tokens than its first.
    """
    wanted = prompt_ids(tokenizer, text)
    for written in (text, text.removeprefix(tokenizer.bos_token or "")):
        if [int(each) for each in tokenizer(written)["input_ids"]] == wanted:
            return written
    raise InputError(
        "this tokenizer adds tokens to a prompt that its template has not written",
        where=str(getattr(tokenizer, "name_or_path", "")),
        remedy="a chat template that writes the tokenizer's first token",
    )


def takes_system(tokenizer: Any, messages: Messages) -> bool:
    """Does the template know the roles of these messages?"""
    if all(role != "system" for role, _ in messages):
        return True
    try:
        _rendered(tokenizer, messages, generation=True)
    except Exception:  # a template raises what it likes
        return False
    return True


def without_system(messages: Messages) -> list[tuple[str, str]]:
    """The messages with the system's put before the first user's."""
    said = [content for role, content in messages if role == "system"]
    rest = [(role, content) for role, content in messages if role != "system"]
    first = next((i for i, (role, _) in enumerate(rest) if role == "user"), None)
    if first is None:
        return rest
    rest[first] = ("user", "\n\n".join([*said, rest[first][1]]))
    return rest


def _rendered(tokenizer: Any, messages: Messages, *, generation: bool) -> str:
    chat = [{"role": role, "content": content} for role, content in messages]
    return str(
        tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=generation)
    )
