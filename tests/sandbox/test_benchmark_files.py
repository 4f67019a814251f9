"""Reference programs of real benchmark files score full marks, and programs that do nothing none.

The files lie beside the project (`../shared/data`) and are not shipped; skipped where they are not.
Every eighth task here, all of them in `benchmarks/evaluation.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acecoder.problem_sets import loading
from acecoder.sandbox.backends.requirements import why_unavailable
from acecoder.sandbox.contract import Job, SandboxConfig
from acecoder.sandbox.opening import open_sandbox
from acecoder.schema import Outcome

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    bool(why_unavailable()) and not os.environ.get("CI"),
    reason=f"no namespaces here: {why_unavailable()}",
)
DEAR = {"HumanEval/15", "HumanEval/130", "Mbpp/255", "Mbpp/599"}
"""Tasks whose reference takes many seconds."""


@pytest.mark.parametrize(
    ("name", "file", "step"),
    [
        ("humaneval_plus", "humanevalplus/v0.1.10/HumanEvalPlus.jsonl.gz", 8),
        ("humaneval_plus", "humanevalplus/v0.1.10/HumanEvalPlus-OriginFmt.jsonl.gz", 24),
        ("mbpp_plus", "mbppplus/v0.2.0/MbppPlus.jsonl.gz", 8),
        ("mbpp_plus", "mbppplus/v0.2.0/MbppPlus-OriginFmt.jsonl.gz", 24),
        ("mbpp", "mbpp/mbpp.jsonl.gz", 8),
        ("humaneval", "humaneval/HumanEval.jsonl.gz", 8),
    ],
)
def test_references_pass_and_programs_that_do_nothing_fail(name: str, file: str, step: int) -> None:
    if not (DATA / file).exists():
        pytest.skip(f"no benchmark file {DATA / file}")
    problems = [p for p in loading.load(name, data=DATA / file) if p.id not in DEAR][::step]
    nothing = "class _Nothing:\n    def __init__(self, *a, **k): raise ValueError\n"
    jobs = [
        Job(
            p.id,
            p.tests,
            (
                ("right", p.preamble + p.reference),
                ("nothing", f"{nothing}{p.entry_point} = _Nothing"),
            ),
            p.entry_point or "",
            p.reference,
            p.limits,
            p.num_base_tests,
        )
        for p in problems
    ]
    with open_sandbox(SandboxConfig(), num_workers=2) as sandbox:
        judged = list(sandbox.judge(jobs))
    assert len(judged) == 2 * len(problems)
    passed = {
        r.problem_id for r in judged if r.key == "right" and set(r.outcomes) == {Outcome.PASSED}
    }
    assert {p.id for p in problems} - passed == set()
    assert [r for r in judged if r.key == "nothing" and Outcome.PASSED in r.outcomes] == []
