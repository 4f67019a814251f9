"""The stages: one per file, a function of the file's name (see `engine.contract`).

Listing them imports none, so that `acecoder --help` is quick.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from acecoder.errors import InputError

if TYPE_CHECKING:
    from acecoder.engine.contract import Stage

ROOM = Path(__file__).parent
ORDER = (
    "check_platform",
    "collect_seeds",
    "synthesize_tests",
    "load_problems",
    "sample_programs",
    "load_samples",
    "judge_programs",
    "filter_tests",
    "build_pairs",
    "select_hard_problems",
    "train_reward_model",
    "evaluate_reward_model",
    "train_policy",
    "evaluate_model",
    "promote_model",
)
"""As a run goes through them, for lists; one that is not named here comes last."""


def names() -> list[str]:
    """The names of all stages, in the order of a run."""
    found = sorted(file.stem for file in ROOM.glob("[a-z]*.py"))
    return sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def is_stage(name: str) -> bool:
    """Whether there is a stage of that name."""
    return name in names()


def load_stage(name: str) -> Stage:
    """The stage function of that name. Raises InputError on an unknown one."""
    if not is_stage(name):
        raise InputError(f"there is no stage '{name}' (known: {', '.join(names())})")
    stage: Stage = getattr(importlib.import_module(f"acecoder.stages.{name}"), name)
    return stage


def summary_of(name: str) -> str:
    """What a stage makes of what, in a line: the first of its file, without its name."""
    document = ast.get_docstring(ast.parse((ROOM / f"{name}.py").read_text())) or ""
    return document.splitlines()[0].removeprefix(f"{name}: ").rstrip(".")
