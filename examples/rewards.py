"""The reward of completions by their problems' tests, for any trainer; no torch is imported."""

import acecoder
from acecoder.rewards import TestsReward

problem = acecoder.Problem(
    id="add",
    question="Write a function `add(a, b)`.",
    entry_point="add",
    tests=("assert add(1, 2) == 3", "assert add(0, 0) == 0"),
)
completions = [
    "Sure!\n```python\ndef add(a, b):\n    return a + b\n```",
    "```python\ndef add(a, b):\n    return a - b\n```",
    "I do not know.",
]
ids = [problem.id] * len(completions)
with TestsReward([problem]) as every_test, TestsReward([problem], binary=False) as share:
    print(every_test(completions, problem_id=ids), share(completions, problem_id=ids))
