"""Evaluation while a policy trains: on problems it is not trained on, the best weights kept, collapse stopped."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from acecoder.config import Config

BEST = "best"
"""The folder of the best weights, in the trainer's and in every checkpoint."""
RECORD = "best.json"
REWARD = "eval_reward"
"""What TRL calls the mean reward of an evaluation."""
T = TypeVar("T")


class HeldOut(Config):
    """Which problems are not trained on, and what is made of them."""

    num_problems: int = Field(0, ge=0)
    """Of the problems so many, drawn by `seed`, are not trained on; 0: nothing is evaluated in training."""
    every_steps: int = Field(10, ge=1)
    """Rollouts between evaluations; there is one before the first."""
    samples_per_problem: int = Field(2, ge=1)
    """Completions per problem, at the temperature of the rollouts."""
    keep: bool = True
    """The policy is the weights of the best evaluation; false: those of the end."""
    stop_below_share: float = Field(0.5, ge=0, lt=1)
    """The training ends where an evaluation's reward falls below this share of the best one's: the policy has
    collapsed. 0: never. Only rewards above 0 are held to it."""


@dataclass(frozen=True)
class Best:
    """The best evaluation so far."""

    rollout: int
    """After how many rollouts; 0 is the initial model."""
    reward: float
    """Mean over the held-out problems' completions."""


def split(items: Sequence[T], num_held_out: int, seed: int) -> tuple[list[T], list[T]]:
    """(trained on, held out), each in the given order; the same for the same seed."""
    chosen = set(random.Random(f"{seed}/held-out").sample(range(len(items)), num_held_out))
    return (
        [item for index, item in enumerate(items) if index not in chosen],
        [item for index, item in enumerate(items) if index in chosen],
    )


def has_collapsed(reward: float, best: float, share: float) -> bool:
    """Whether a reward lies below a share of the best, where that is above 0."""
    return best > 0 and reward < share * best


class BestWeights:
    """Remembers the best evaluation and keeps its weights, in every checkpoint too, so that a resumed training
    has both."""

    def __init__(
        self,
        config: HeldOut,
        scratch: Path,
        *,
        save: Callable[[Path], None],
        is_first: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        """`save` writes the weights of now, and is called by every process; `is_first`: in one of them."""
        self._config, self._folder = config, scratch / BEST
        self._save, self._is_first, self._say = save, is_first, say
        self.best: Best | None = None
        self.stopped = ""
        """Why the training was ended early; empty where it was not."""

    @property
    def directory(self) -> Path:
        """Of the best weights."""
        return self._folder

    def resume(self, checkpoint: str | None) -> None:
        """Take up what a checkpoint knows; without one, begin anew."""
        kept = Path(checkpoint) / BEST if checkpoint else None
        self.best = _read(kept) if kept else None
        if self._is_first():
            shutil.rmtree(self._folder, ignore_errors=True)
            if kept and self.best and self._config.keep:
                _link(kept, self._folder)

    def evaluated(self, rollout: int, reward: float) -> bool:
        """An evaluation came to this; whether the training should end."""
        if self.best is None or reward > self.best.reward:
            self.best = Best(rollout, reward)
            self._say(f"held-out reward {reward:.3f} after {rollout} rollouts: the best so far")
            if self._config.keep:
                self._keep()
            return False
        if has_collapsed(reward, self.best.reward, self._config.stop_below_share):
            self.stopped = (
                f"held-out reward {reward:.3f} after {rollout} rollouts, {self.best.reward:.3f} after "
                f"{self.best.rollout}: the policy has collapsed"
            )
            self._say(self.stopped)
            return True
        return False

    def saved(self, checkpoint: Path) -> None:
        """A checkpoint was written: what is known of the best goes into it."""
        if not self._is_first() or self.best is None:
            return
        if self._config.keep:
            _link(self._folder, checkpoint / BEST)
        else:
            _record(self.best, checkpoint / BEST)

    def _keep(self) -> None:
        fresh = self._folder.with_name(f"{BEST}.new")
        if self._is_first():
            shutil.rmtree(fresh, ignore_errors=True)
        self._save(fresh)
        if self._is_first() and self.best:
            _record(self.best, fresh)
            shutil.rmtree(self._folder, ignore_errors=True)
            fresh.rename(self._folder)


def callback(best: BestWeights, updates_per_rollout: int) -> Any:
    """It as a callback of transformers' trainer."""
    from transformers import TrainerCallback

    class Called(TrainerCallback):
        def on_evaluate(
            self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any
        ) -> None:
            rollout = state.global_step // updates_per_rollout
            if REWARD in (metrics or {}) and best.evaluated(rollout, float(metrics[REWARD])):
                control.should_training_stop = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            best.saved(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Called()


def _record(best: Best, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / RECORD).write_text(json.dumps(asdict(best)))


def _read(folder: Path) -> Best | None:
    file = folder / RECORD
    return Best(**json.loads(file.read_text())) if file.is_file() else None


def _link(source: Path, destination: Path) -> None:
    """Copy a folder by hard links, where the disk has them."""
    shutil.rmtree(destination, ignore_errors=True)

    def copy(one: str, other: str) -> None:
        try:
            os.link(one, other)
        except OSError:
            shutil.copyfile(one, other)

    shutil.copytree(source, destination, copy_function=copy)
