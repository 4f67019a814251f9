"""One small interface to every language model: requests in, answers out, in any order.

`complete` puts a journal in front of it: what was answered once is never asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from acecoder.config import digest_of
from acecoder.engine.journal import Journal


@dataclass(frozen=True)
class Request:
    """One answer wanted of a model."""

    messages: tuple[tuple[str, str], ...]
    """(role, content) in order."""
    prefill: str = ""
    """How the answer must begin; not repeated in `Answer.text`."""
    max_tokens: int = 256
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    seed: int = 0
    """Two requests that differ in this alone are two samples."""
    stop: tuple[str, ...] = ()

    def digest(self, model_identity: str) -> str:
        return digest_of([model_identity, asdict(self)])


@dataclass(frozen=True)
class Answer:
    """What the model wrote, without the prefill and from the first stop text on."""

    text: str
    num_tokens: int
    truncated: bool
    """True where `max_tokens` ended it."""


class Generator(Protocol):
    """A language model, in this process or behind an endpoint."""

    identity: str
    """Digest of what decides its answers: weights, dtype, batching; or an endpoint's model."""
    whole_batches: bool
    """True where an answer depends on its batch (padding moves rounding): then a batch is
    answered whole or not at all. False where each answer stands, and is paid for, alone."""

    def batches(self, requests: Sequence[Request]) -> Iterable[Sequence[int]]:
        """Split requests into groups answered together; the same split for the same requests."""
        ...

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """Answer one group: (position in `requests`, answer) as they come.

        Raises: LLMUnavailable.
        """
        ...


def complete(
    generator: Generator,
    requests: Sequence[Request],
    journal: Journal,
    report: Callable[[int, int], None],
) -> list[Answer]:
    """Answer every request, in order; what the journal holds is not asked again.

    A resumed run has the same data as an unbroken one: answers of a whole batch enter the journal
    together, when the batch is done; others one by one, as they come.
    """
    digests = [request.digest(generator.identity) for request in requests]
    done = 0
    for group in generator.batches(requests):
        missing = [index for index in group if digests[index] not in journal]
        asked = list(group) if missing and generator.whole_batches else missing
        answered = {}
        for position, answer in generator.generate([requests[index] for index in asked]):
            answered[digests[asked[position]]] = asdict(answer)
            if not generator.whole_batches:
                journal.put(answered)
                answered = {}
        journal.put({key: answer for key, answer in answered.items() if key not in journal})
        done += len(group)
        report(done, len(requests))
    return [Answer(**journal.get(key)) for key in digests]
