"""One small interface to every language model: requests in, answers out, in any order.

`complete` puts a journal in front of it: what was answered once is never asked again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from acecoder.config import digest_of
from acecoder.engine.journal import Journal
from acecoder.errors import InputError

MAX_SEED = 2**31
"""Seeds stay below it: servers refuse larger ones."""


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
    num_prompt_tokens: int = 0


@dataclass(frozen=True)
class SetAside:
    """A request that was heard and brought no answer: a refusal, a tool's call, reasoning alone."""

    reason: str
    message: str
    num_tokens: int
    num_prompt_tokens: int = 0


Found = tuple[int, Answer | SetAside]
"""The place of a request in its group, and what came of it."""


class Generator(Protocol):
    """A language model, in this process or behind an endpoint."""

    identity: str
    """Digest of what decides its answers: weights, dtype, batching; or an endpoint's model."""
    whole_batches: bool
    """True where an answer depends on its batch (padding moves rounding): then a batch is
    answered whole or not at all. False where each answer stands, and is paid for, alone."""

    max_refused_share: float
    """Share of the requests that may be refused for good before `complete` stops."""

    def batches(self, requests: Sequence[Request]) -> Iterable[Sequence[int]]:
        """Split requests into groups answered together; the same split for the same requests."""
        ...

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Found]]:
        """Answer one group: what came, as it comes; what comes together enters the journal together.

        Raises: LLMUnavailable.
        """
        ...


def before_stop(text: str, stop: Sequence[str]) -> str:
    """A text up to the first of its stop texts."""
    for mark in stop:
        text = text.partition(mark)[0]
    return text


REFUSED_PROMPT = "refused_prompt"
"""The reason of what cost nothing and may be answered another time: it is not journaled."""


def complete(
    generator: Generator,
    requests: Sequence[Request],
    journal: Journal,
    report: Callable[[int, int], None],
) -> list[Answer | SetAside]:
    """Answer every request, in order; what the journal holds is not asked again.

    Of requests that are alike, each is a sample of its own. A resumed run has the same data as an
    unbroken one: answers of a whole batch enter the journal together, when the batch is done; others
    as they come. Prompts that are refused are not journaled: the server may be
    changed. Raises: InputError where too many are.
    """
    requests = numbered(requests)
    digests = [request.digest(generator.identity) for request in requests]
    refused: dict[str, SetAside] = {}
    done = 0
    for group in generator.batches(requests):
        first = {digests[index]: index for index in reversed(group)}
        missing = sorted(index for digest, index in first.items() if digest not in journal)
        if missing and generator.whole_batches:
            missing = list(group)
        asked = [requests[index] for index in missing]
        settled = done + len(group) - len(missing)
        for answers in generator.generate(asked) if asked else ():
            entries = {digests[missing[position]]: answer for position, answer in answers}
            for digest, answer in entries.items():
                if isinstance(answer, SetAside) and answer.reason == REFUSED_PROMPT:
                    refused[digest] = answer
            journal.put(
                {d: _entry(a) for d, a in entries.items() if d not in refused and d not in journal}
            )
            _check_refused(refused, len(requests), generator)
            settled += len(answers)
            report(settled, len(requests))
        done += len(group)
        report(done, len(requests))
    return [refused[d] if d in refused else _read(journal.get(d)) for d in digests]


def token_counts(answers: Sequence[Answer | SetAside]) -> dict[str, int]:
    """What answers took, as a step reports it: `tokens` written and `prompt_tokens` read."""
    return {
        "tokens": sum(answer.num_tokens for answer in answers),
        "prompt_tokens": sum(answer.num_prompt_tokens for answer in answers),
    }


def _check_refused(refused: Mapping[str, SetAside], total: int, generator: Generator) -> None:
    """Raises: InputError where so many prompts are refused that something else is wrong."""
    most = max(1.0, generator.max_refused_share * total)
    if refused and (len(refused) > most or len(refused) == total):
        told = list(refused.values())[-1].message
        raise InputError(
            f"the endpoint refused {len(refused)} of {total} prompts: {told}",
            where=generator.identity,
            remedy="shorten them (max_tokens, shown tests), or raise the model's max_refused_share",
        )


def numbered(requests: Sequence[Request]) -> list[Request]:
    """Requests that are alike and not greedy made different by their seeds, by the order they come in.

    They would share one answer, and each would be paid for.
    """
    seen: Counter[Request] = Counter()
    made = []
    for request in requests:
        number = seen[request]
        seen[request] += 1
        again = number and request.temperature > 0
        made.append(replace(request, seed=sample_seed(request.seed, number)) if again else request)
    return made


def sample_seed(seed: int, number: int) -> int:
    """A seed for one sample of several that are alike."""
    return int(digest_of([seed, number])[:8], 16) % MAX_SEED


def _entry(answer: Answer | SetAside) -> dict[str, object]:
    return {**asdict(answer), **({"set_aside": True} if isinstance(answer, SetAside) else {})}


def _read(entry: dict[str, Any]) -> Answer | SetAside:
    if entry.get("set_aside"):
        return SetAside(**{key: value for key, value in entry.items() if key != "set_aside"})
    return Answer(**entry)
