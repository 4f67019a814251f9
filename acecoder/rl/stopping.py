"""Where a completion ends: where sampling would have ended it, so that no token behind it is trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

END_OF_TURN = "<|im_end|>"
"""Ends a turn of base models too, whose own config does not say so."""
WINDOW_TOKENS = 16
"""A stop text is looked for in so many last tokens."""


def end_ids(tokenizer: Any, model: Any, stop: Sequence[str]) -> list[int]:
    """The tokens that end a completion: the model's own, the end of a turn, and those that hold a stop text
    by themselves."""
    own = model.generation_config.eos_token_id
    ends = [] if own is None else [own] if isinstance(own, int) else list(own)
    vocabulary = tokenizer.get_vocab()
    ends += [tokenizer.eos_token_id, vocabulary.get(END_OF_TURN)]
    if stop:
        texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
        ends += [token for token, text in enumerate(texts) if any(each in text for each in stop)]
    return list(dict.fromkeys(token for token in ends if token is not None))


def num_tokens_to_stop(
    decode: Callable[[Sequence[int]], str], ids: Sequence[int], stop: Sequence[str]
) -> int:
    """How many of a completion's tokens there are up to the one that completes a stop text; all without."""
    if not any(each in decode(ids) for each in stop):
        return len(ids)
    for count in range(1, len(ids) + 1):
        tail = decode(ids[max(0, count - WINDOW_TOKENS) : count])
        if any(each in tail for each in stop):
            return count
    return len(ids)


def cut_at_stops(trainer: Any, tokenizer: Any, stop: Sequence[str]) -> None:
    """Let a trainer of TRL (1.16) end its completions there, whichever engine wrote them.

    Most end by themselves (`end_ids`); a stop text may also be made of several tokens.
    """
    generate = trainer._generate_single_turn

    def cut(*given: Any, **named: Any) -> tuple[list[list[int]], list[list[float]] | None]:
        completions, logprobs = generate(*given, **named)
        lengths = [num_tokens_to_stop(tokenizer.decode, ids, stop) for ids in completions]
        kept = [ids[:length] for ids, length in zip(completions, lengths, strict=True)]
        if logprobs is not None:
            logprobs = [each[:length] for each, length in zip(logprobs, lengths, strict=True)]
        return kept, logprobs

    trainer._generate_single_turn = cut
