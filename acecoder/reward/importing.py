"""A reward model of somebody else's, in the layout that this code scores with.

What is read: a causal language model with a value head (`v_head.summary`, as TRL and LLaMA-Factory write it and
AceCodeRM is published), or a sequence classifier of one label. Weights are read tensor by tensor, so that a model
larger than memory can be imported.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder.errors import InputError
from acecoder.reward.encoding import Chat, OverLimit
from acecoder.reward.record import ScoringRecord

HEADS = ("v_head.summary", "score")
"""Names of a head with one output: a value head's, and a classifier's."""
WRAPPER = "pretrained_model."
"""Before every name, where TRL's wrapper was saved."""
UNUSED = ("lm_head.",)
INDEX = "model.safetensors.index.json"
COPIED = ("*.json", "*.txt", "*.jinja", "*.model")


@dataclass(frozen=True)
class Imported:
    """What was brought in."""

    num_tensors: int
    offset: float
    """The bias of its head, which is added to every score."""
    example: str
    """How a small question is rendered for it: to be compared with what it was trained on."""


def import_reward_model(
    source: Path,
    destination: Path,
    *,
    template: str,
    max_length_tokens: int,
    over_limit: OverLimit = "cut_question",
) -> Imported:
    """Write a directory like those of train_reward_model.

    `template`: the whole text that it was trained on, as Jinja over `question`, `program` and `tests`; the
    score is read at its last token. Raises InputError where the source has no such head, or pickles alone.
    """
    from transformers import AutoTokenizer

    shards = sorted(source.glob("*.safetensors"))
    if not shards:
        raise InputError(
            "there are no safetensors",
            where=str(source),
            remedy="convert its pickles where you trust them: a pickle runs code when it is loaded",
        )
    from safetensors import SafetensorError

    try:
        head, offset = _head_of(shards, source)
    except SafetensorError as error:
        raise InputError(
            f"a file of weights is damaged: {error}", where=str(source), remedy="fetch it again"
        ) from None
    destination.mkdir(parents=True, exist_ok=True)
    for pattern in COPIED:
        for file in source.glob(pattern):
            if file.name != INDEX:
                shutil.copyfile(file, destination / file.name)
    num_tensors = _write_weights(shards, head, destination)
    _write_config(destination, source)
    tokenizer: Any = AutoTokenizer.from_pretrained(destination)
    record = ScoringRecord.of(
        tokenizer, max_length_tokens=max_length_tokens, over_limit=over_limit, template=template
    ).model_copy(update={"offset": offset})
    record.write(destination)
    encoder = record.encoder(tokenizer, str(destination))
    chat = Chat("Add two numbers.", "def add(a, b):\n    return a + b", ("assert add(1, 2) == 3",))
    return Imported(num_tensors, offset, encoder.rendered(chat))


def _plain(name: str) -> str:
    return name.removeprefix(WRAPPER)


def _tensors(shard: Path) -> Iterator[tuple[str, Any]]:
    """(name, tensor) of a file, one in memory at a time."""
    from safetensors import safe_open

    with safe_open(shard, "pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 (it is no dict)
            yield name, tensors.get_tensor(name)


def _names(shard: Path) -> list[str]:
    from safetensors import safe_open

    with safe_open(shard, "pt") as tensors:
        return [_plain(name) for name in tensors.keys()]  # noqa: SIM118


def _head_of(shards: list[Path], source: Path) -> tuple[str, float]:
    """(the head's name, its bias). Raises InputError where there is none of one output."""
    names = {name for shard in shards for name in _names(shard)}
    head = next((each for each in HEADS if f"{each}.weight" in names), None)
    if head is None:
        raise InputError(
            f"it has no head of one output ({', '.join(f'{each}.weight' for each in HEADS)})",
            where=str(source),
            remedy="a reward model; a value head in a file of its own belongs into this directory",
        )
    offset = 0.0
    for shard in shards:
        if f"{head}.bias" in _names(shard):
            offset = next(
                float(tensor) for name, tensor in _tensors(shard) if _plain(name) == f"{head}.bias"
            )
    return head, offset


def _write_weights(shards: list[Path], head: str, destination: Path) -> int:
    """The backbone as it is and the head in float32, a file for a file; how many tensors."""
    import torch
    from safetensors.torch import save_file

    places: dict[str, str] = {}
    size = 0
    for shard in shards:
        kept: dict[str, torch.Tensor] = {}
        for full, tensor in _tensors(shard):
            name = _plain(full)
            if name == f"{head}.weight":
                kept["score.weight"] = tensor.float().reshape(1, -1).contiguous()
            elif name != f"{head}.bias" and not name.startswith(UNUSED):
                kept[name] = tensor
        if kept:
            save_file(kept, destination / shard.name, metadata={"format": "pt"})
            places |= dict.fromkeys(kept, shard.name)
            size += sum(tensor.numel() * tensor.element_size() for tensor in kept.values())
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(places.items()))}
    if set(places.values()) != {"model.safetensors"}:
        (destination / INDEX).write_text(json.dumps(index, indent=1) + "\n")
    return len(places)


def _write_config(destination: Path, source: Path) -> None:
    """The config of a classifier of one label."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    )

    file = destination / "config.json"
    if not file.is_file():
        raise InputError("it has no config.json", where=str(source))
    told = json.loads(file.read_text())
    kind = str(told.get("model_type"))
    if kind not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES:
        raise InputError(f"transformers has no classifier of kind '{kind}'", where=str(file))
    told.pop("auto_map", None)  # code of its own, which is never run here
    told["architectures"] = [MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES[kind]]
    told |= {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    config = AutoConfig.for_model(**told)
    if config.pad_token_id is None:
        ends = config.eos_token_id
        told["pad_token_id"] = ends[0] if isinstance(ends, list) else ends
    file.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n")
