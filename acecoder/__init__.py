"""AceCoder on Kubernetes: from seed code to a better code model, judged in a sandbox.

As a library:

    import acecoder

    problems = acecoder.load_benchmark("humaneval")
    verdicts = acecoder.judge(problems, [("HumanEval/0", "def has_close_elements(...): ...")])
    result = acecoder.evaluate("humaneval", "samples.jsonl")

Names are imported when they are used, so that `import acecoder` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acecoder import rewards
    from acecoder.errors import AceCoderError, InputError, PlatformError
    from acecoder.library import Evaluation, evaluate, judge, load_benchmark
    from acecoder.sandbox.contract import SandboxConfig
    from acecoder.schema import Outcome, Pair, Problem, Program, Score, Verdict

__version__ = "0.1.0"
__all__ = [
    "AceCoderError",
    "Evaluation",
    "InputError",
    "Outcome",
    "Pair",
    "PlatformError",
    "Problem",
    "Program",
    "SandboxConfig",
    "Score",
    "Verdict",
    "__version__",
    "evaluate",
    "judge",
    "load_benchmark",
    "rewards",
]
_HOMES = {
    "acecoder.errors": ("AceCoderError", "InputError", "PlatformError"),
    "acecoder.library": ("Evaluation", "evaluate", "judge", "load_benchmark"),
    "acecoder.sandbox.contract": ("SandboxConfig",),
    "acecoder.schema": ("Outcome", "Pair", "Problem", "Program", "Score", "Verdict"),
}


def __getattr__(name: str) -> object:
    """The public names, each from the module that defines it."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    if name == "rewards":
        return importlib.import_module("acecoder.rewards")
    raise AttributeError(f"module 'acecoder' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
