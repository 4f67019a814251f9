"""Is what serves what was trained? Asked once after a rollout, before an alias says so."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from acecoder.errors import PlatformError
from acecoder.llm.served import ServedModel
from acecoder.promotion.release import Release
from acecoder.rendering import as_chat
from acecoder.serving.weights import bring

QUESTIONS = (
    "Write a Python function `add(a, b)` that returns the sum of two numbers.",
    "Write a Python function `is_even(n)` that says whether an integer is even.",
    "Write a Python function `reverse(text)` that returns a text backwards.",
    "Write a Python function `largest(numbers)` that returns the largest of a list.",
    "Write a Python function `count_vowels(text)` that counts the vowels of a text.",
    "Write a Python function `factorial(n)` that returns n!.",
    "Write a Python function `unique(items)` that drops duplicates and keeps the order.",
    "Write a Python function `fib(n)` that returns the n-th Fibonacci number.",
)
PROGRAMS = ("def add(a, b):\n    return a + b\n", "def add(a, b):\n    return a - b\n", "pass\n")
Say = Callable[[str], None]


def check_policy(
    server: ServedModel,
    release: Release,
    *,
    parity: int,
    max_tokens: int,
    least_share: float,
    say: Say,
) -> None:
    """It answers, and its greedy answers are those of the released weights in transformers.

    `parity` questions are asked of both; at least `least_share` of the answers must be equal, for
    bfloat16 breaks ties otherwise than float32. 0 asks only for an answer. Raises PlatformError.
    """
    _check_names(server, release)
    questions = QUESTIONS[: max(1, parity)]
    answers = [server.chat(release.served_name, each, max_tokens=max_tokens) for each in questions]
    if not any(answer.strip() for answer in answers):
        raise PlatformError("it answers nothing", where=server.url)
    say(f"{release.served_name} answers {len(answers)} questions")
    if not parity:
        return
    with tempfile.TemporaryDirectory() as scratch:
        bring(release, Path(scratch), say)
        own = _greedy(scratch, questions, max_tokens)
    same = sum(a.strip() == b.strip() for a, b in zip(answers, own, strict=True))
    say(f"{same} of {len(own)} greedy answers are those of transformers")
    if same < least_share * len(own):
        first = next(i for i, (a, b) in enumerate(zip(answers, own, strict=True)) if a != b)
        raise PlatformError(
            f"only {same} of {len(own)} greedy answers are those of the weights in transformers; "
            f"first: {answers[first][:80]!r} is not {own[first][:80]!r}",
            where=server.url,
            remedy="is --generation-config vllm set, is the chat template the model's?",
        )


def check_reward_model(
    server: ServedModel, release: Release, *, parity: int, tolerance: float, say: Say
) -> None:
    """Its scores are those of the released weights in transformers, to a tolerance. Raises
    PlatformError."""
    from acecoder.reward.encoding import Chat
    from acecoder.reward.scoring import RewardModel

    _check_names(server, release)
    items = [
        Chat(question, program) for question in QUESTIONS[: max(1, parity)] for program in PROGRAMS
    ]
    with tempfile.TemporaryDirectory() as scratch:
        if not parity:
            texts = [f"{chat.question}\n{chat.program}" for chat in items]
            server.rewards(release.served_name, texts)
            say(f"{release.served_name} scores {len(texts)} programs")
            return
        bring(release, Path(scratch), say)
        model = RewardModel(Path(scratch), batch_size=4)
        served = server.rewards(release.served_name, [list(model.encoded(chat)) for chat in items])
        own = model.score(items)
    worst = max(abs(a - b) for a, b in zip(served, own, strict=True))
    say(f"{len(own)} scores differ from those of transformers by at most {worst:.2g}")
    if worst > tolerance:
        raise PlatformError(
            f"a score of the server is {worst:.3g} from that of the weights; {tolerance:g} is allowed",
            where=server.url,
            remedy="is use_activation false, is the text rendered by the model's own template?",
        )


def _check_names(server: ServedModel, release: Release) -> None:
    names = server.versions()
    if release.served_name not in names:
        raise PlatformError(
            f"it serves {', '.join(names) or 'nothing'}, not {release.served_name}",
            where=f"{server.url}/v1/models",
        )


def _greedy(directory: str, questions: Sequence[str], max_tokens: int) -> list[str]:
    """The greedy answers of the weights themselves."""
    import torch

    from acecoder.llm.weights import load_causal

    model, tokenizer = load_causal(directory, "float32")
    found = []
    for question in questions:
        chat = as_chat((("user", question),))
        encoded = tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(model.device)
        with torch.inference_mode():
            out = model.generate(
                **encoded,
                max_new_tokens=max_tokens,
                do_sample=False,
                repetition_penalty=1.0,
                pad_token_id=tokenizer.pad_token_id,
            )
        prompt_length = encoded["input_ids"].shape[1]
        found.append(tokenizer.decode(out[0, prompt_length:], skip_special_tokens=True))
    return found
