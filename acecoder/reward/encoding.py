"""Question and program as the token ids that a reward model reads (METHOD, M15).

One function for training, scoring, RL and serving: engines are handed ids, so that nothing is rendered or
tokenized twice. The score is read at the last id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from acecoder.errors import InputError
from acecoder.rendering import as_chat, scored_messages
from acecoder.schema import Problem

OverLimit = Literal["cut_question", "drop"]


@dataclass(frozen=True)
class Chat:
    """One question with one program."""

    question: str
    program: str
    tests: tuple[str, ...] = ()
    """Those of the question, for an imported model whose rendering shows some."""


def chat_of(problem: Problem, program: str) -> Chat:
    """One of its programs with its question."""
    shown = tuple(test for test in problem.tests if isinstance(test, str))
    return Chat(problem.question, program, shown)


@dataclass(frozen=True)
class Encoded:
    """The ids of a chat."""

    ids: tuple[int, ...]
    is_cut: bool = False
    """Whether its question was shortened to fit."""


class Encoder:
    """Renders and tokenizes chats for one reward model.

    `max_length_tokens` is a chat's limit. Where it is exceeded, `over_limit` says what happens: the
    question is shortened from its end, or the chat is dropped. The program is never shortened.
    """

    def __init__(
        self, tokenizer: Any, *, max_length_tokens: int, over_limit: OverLimit, template: str = ""
    ) -> None:
        self._tokenizer = tokenizer
        self.max_length_tokens, self._over_limit = max_length_tokens, over_limit
        self._template = _compiled(template) if template else None

    def rendered(self, chat: Chat) -> str:
        """The text that is scored."""
        if self._template is not None:
            shown = {"question": chat.question, "program": chat.program, "tests": chat.tests}
            return _rendered(self._template, shown)
        messages = as_chat(scored_messages(chat.question, chat.program))
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False))

    def encode(self, chat: Chat) -> Encoded | None:
        """Its ids within the limit; None where it is over the limit and stays so, or is to be dropped."""
        ids = self._ids(chat)
        if len(ids) <= self.max_length_tokens:
            return Encoded(ids)
        return self._cut(chat) if self._over_limit == "cut_question" else None

    def end_of(self, chat: Chat) -> Encoded:
        """Its last ids within the limit, for a program that must have a score and is too long for one."""
        return Encoded(self._ids(chat)[-self.max_length_tokens :], is_cut=True)

    def _ids(self, chat: Chat) -> tuple[int, ...]:
        # Templates write the tokenizer's first token themselves; it must not be added again.
        text = self.rendered(chat)
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _cut(self, chat: Chat) -> Encoded | None:
        """With the longest beginning of its question that fits."""
        least, most, found = 0, len(chat.question) - 1, None
        while least <= most:
            middle = (least + most) // 2
            ids = self._ids(Chat(chat.question[:middle], chat.program, chat.tests))
            if len(ids) <= self.max_length_tokens:
                least, found = middle + 1, ids
            else:
                most = middle - 1
        return None if found is None else Encoded(found, is_cut=True)


def _compiled(template: str) -> Any:
    """A rendering of somebody else's: a template that can reach nothing but its three values. Raises
    InputError where it is none."""
    from jinja2 import StrictUndefined, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True
    )
    try:
        return environment.from_string(template)
    except TemplateSyntaxError as error:
        raise InputError(
            f"not a Jinja template: {error.message}", where=f"the template, line {error.lineno}"
        ) from None


def _rendered(template: Any, shown: Mapping[str, object]) -> str:
    from jinja2 import TemplateError

    try:
        return str(template.render(**shown))
    except (TemplateError, TypeError, ValueError) as error:
        raise InputError(
            f"the template cannot be rendered: {error}",
            where="the template",
            remedy="it may use question, program and tests, which can be empty",
        ) from None


def rendering_digest(template: str = "") -> str:
    """sha256 of how question and program become messages; of the template, where one is given."""
    made = template or json.dumps(scored_messages("QUESTION", "PROGRAM"))
    return hashlib.sha256(made.encode()).hexdigest()


def template_digest(tokenizer: Any) -> str:
    """sha256 of the chat template that messages are written with."""
    return hashlib.sha256(str(tokenizer.chat_template).encode()).hexdigest()


def common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """How many first ids all sequences share; at most one less than the shortest has."""
    shortest = min(len(ids) for ids in sequences)
    first = sequences[0]
    for position in range(shortest - 1):
        if any(ids[position] != first[position] for ids in sequences):
            return position
    return max(0, shortest - 1)
