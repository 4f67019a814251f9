"""`acecoder` with FSDP2 on a CPU, for tests alone: accelerate makes plain data parallelism of it otherwise.

    torchrun --nproc-per-node=2 tests/reward/sharded_on_cpu.py run-node --key KEY

EXIT_AFTER_UPDATE=N: every process dies once the checkpoint of update N is marked. SCORES=FILE: the trained
reward model's scores before it is saved, and how many of its parameters are shares. SCRIPTED=1: a policy's
completions depend on the prompt and on their place among its completions alone, so that any number of processes
has the same.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor
from transformers import Trainer
from trl import GRPOTrainer

from acecoder.cli import main
from acecoder.reward import training
from acecoder.reward.encoding import Chat
from acecoder.reward.scorer import pack_rows
from acecoder.training import callbacks

PROGRAMS = ("return x + 3", "return x - 3", "pass")
_made = Trainer.__init__
_marked = callbacks.MarkWhole.on_save
_saved = training._save


def _forced(self: Any, *arguments: Any, **named: Any) -> None:
    args = named["args"]
    assert args.device.type == "cpu"  # opens the group of processes
    if args.fsdp:
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    _made(self, *arguments, **named)


def _dying(self: Any, args: Any, state: Any, control: Any, **named: Any) -> None:
    _marked(self, args, state, control, **named)
    if str(state.global_step) == os.environ.get("EXIT_AFTER_UPDATE"):
        os._exit(9)


def _scored(trainer: Any, tokenizer: Any, record: Any, *rest: Any) -> None:
    encoder = record.encoder(tokenizer, "test")
    chats = [encoder.encode(Chat("Add 3.", f"def f(x): {text}")).ids for text in PROGRAMS]
    packed = pack_rows(chats, tokenizer.pad_token_id)
    with torch.no_grad():
        values = trainer.model(
            packed.input_ids, packed.position_ids, packed.mask, packed.row, packed.read_at
        )
    sharded = sum(isinstance(each, DTensor) for each in trainer.model.parameters())
    if trainer.is_world_process_zero():
        told = {"scores": [float(value) for value in values], "sharded": sharded}
        Path(os.environ["SCORES"]).write_text(json.dumps(told))
    _saved(trainer, tokenizer, record, *rest)


def _scripted(self: Any, prompt_ids: list[list[int]], *rest: Any) -> tuple[list[list[int]], None]:
    first = self.accelerator.process_index * len(prompt_ids)
    written = []
    for place, prompt in enumerate(prompt_ids, start=first):
        seed = f"{sum(prompt)}/{place % self.num_generations}/{self.state.global_step}"
        draw = random.Random(seed)
        written.append([draw.randrange(3, 400) for _ in range(draw.randrange(3, 9))])
    return written, None


if os.environ.get("SCRIPTED"):
    GRPOTrainer._generate_single_turn = _scripted
Trainer.__init__ = _forced  # type: ignore[method-assign]
callbacks.MarkWhole.on_save = _dying  # type: ignore[method-assign]
training._save = _scored
sys.exit(main(sys.argv[1:]))
