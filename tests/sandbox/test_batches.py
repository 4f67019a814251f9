"""Batches: only programs that cannot meet share a process, and what they say agrees with one apart."""

from __future__ import annotations

import ast
from random import Random

import pytest

from acecoder.errors import InputError
from acecoder.sandbox.backends.local import drive
from acecoder.sandbox.backends.requirements import why_unavailable
from acecoder.sandbox.conformance.programs import ATTACKS, ODDITIES, RIGHT
from acecoder.sandbox.contract import Audit, Job, SandboxConfig
from acecoder.sandbox.judge.program import judge_program
from acecoder.sandbox.judge.units import planned, units
from acecoder.sandbox.opening import open_sandbox
from acecoder.sandbox.trials import Attempt, Trial
from acecoder.sandbox.worker.purity import why_call_impure, why_impure
from acecoder.schema import Outcome, Test

TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 8))
needs_namespaces = pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable())

SHARED = {
    "plain": RIGHT,
    "imports": "import math\nfrom collections import Counter\ndef f(x):\n    return [math.floor(k) for k in Counter(x)]",
    "closures": "def f(x, g=lambda v: v):\n    def h(v): return g(v)\n    return sorted(x, key=h, reverse=True)",
    "errors": "def f(x):\n    try: return x[9]\n    except IndexError as e: raise ValueError(*e.args) from e",
    "texts": "def f(x) -> list:\n    return f'{len(x):>{3}}'.strip().split(',')",
    "annotations": "from typing import Callable, List, Optional\ndef f(x: List[int], g: Optional[Callable[[int], int]] = None) -> 'List[int]':\n    y: List[int] = x\n    return y",
    "patterns": "import re\ndef f(x):\n    return re.sub('a', 'b', 'aA', flags=re.I | re.M), re.compile('a', re.I).search('a')",
}
APART = {
    "a class": "class A: pass",
    "a store": "def f(x): x.a = 1",
    "a store by a loop": "def f(x):\n    for x.a in [1]: pass",
    "a store to a module": "import math\nmath.pi = 3",
    "a deletion": "import math\ndel math.pi",
    "a module as a value": "import math\ndef f(x): return math",
    "a module in an argument": "import math\ndef f(x, m=math): return m",
    "a module's name bound": "import math\ndef f(math): return math.pi",
    "a dunder": "def f(x): return x.__class__",
    "a frame": "def f(x):\n    g = (i for i in x)\n    return g.gi_frame",
    "a traceback": "def f(x):\n    try: 1 / 0\n    except ZeroDivisionError as e: return e.__traceback__",
    "text that becomes an attribute": "def f(x): return '{0.__class__}'.format(x)",
    "format by name": "def f(x): return str.format('{0.__class__}', x)",
    "attrgetter": "import operator\ndef f(x): return operator.attrgetter('a')(x)",
    "wraps": "from functools import wraps\ndef f(x): return wraps(x, assigned=['a'])",
    "a pattern": "def f(x):\n    match x:\n        case object(__class__=c): return c",
    "getattr": "def f(x): return getattr(x, 'a')",
    "getattr bound where it never runs": "def f(x): return getattr(x, 'a')\nif 0: getattr = 1",
    "open bound as an argument elsewhere": "def g(open): pass\ndef f(x): return open('/tmp/x')",
    "type": "def f(x): return type(x)",
    "open": "def f(x): return open('/tmp/x')",
    "globals": "def f(x): return globals()",
    "builtins": "def f(x): return __builtins__",
    "random": "import random\ndef f(x): return random.random()",
    "sys": "import sys\ndef f(x): return sys.modules",
    "a submodule": "import collections.abc",
    "a star": "from math import *",
    "namedtuple": "from collections import namedtuple",
    "async": "async def f(x): return x",
    "a keyword": "def f(x): return dict(__class__=x)",
    "a cache of typing": "from typing import Optional\ndef f(x): return Optional[frozenset({(x, 1)})]",
    "a cache of typing by its module": "import typing as t\ndef f(x): return str(t.Optional[x])",
    "a cache of typing in an annotation": "from typing import Optional\ndef f(x):\n    def g(a: Optional[frozenset({x})]): pass",
    "an annotation that binds": "from typing import Optional\ndef f(x):\n    def g(a: (y := Optional[int])): return y",
    "an alias of a type": "from typing import List\nV = List[int]",
    "a cache of re": "import re\ndef f(x): return re.compile('a', x)",
    "a cache of re by a default": "import re\ndef f(x, c=re.compile): return c('a', x)",
    "a cache of re by stars": "from re import compile as c\ndef f(x): return c('a', *x)",
    "a cache of re by names": "import re\ndef f(x): return re.sub('a', 'b', 'a', **x)",
    "a cache of re by map": "import re\ndef f(x): return list(map(re.compile, x, x))",
    "with": "def f(x):\n    with x as y: return y",
}  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_a_program_that_keeps_to_itself_may_share(name: str) -> None:
    assert why_impure(ast.parse(SHARED[name])) == ""


@pytest.mark.parametrize("name", APART)
def test_a_program_that_could_meet_another_may_not(name: str) -> None:
    assert why_impure(ast.parse(APART[name])) != ""


@pytest.mark.parametrize(
    "call", ["f(open('/x'))", "f.__globals__", "eval('f')", "f(x=__name__)", "[f(i) for i in f.x]"]
)
def test_a_call_that_reaches_out_keeps_its_programs_apart(call: str) -> None:
    assert why_call_impure(ast.parse(call, mode="eval")) != ""


@needs_namespaces
def test_attacks_and_oddities_in_batches_are_judged_as_apart() -> None:
    programs = {**ATTACKS, **ODDITIES, **SHARED, **{f"right {i}": RIGHT for i in range(40)}}
    order = list(programs.items())
    Random(1).shuffle(order)
    job = Job("p", TESTS, tuple(order))
    limits = {"test_cpu_s": 0.3, "test_wall_s": 1.5, "max_timeouts": 1}
    verdicts = {}
    for size in (1, 16):
        config = SandboxConfig.model_validate({"limits": limits, "batch_size": size})
        with open_sandbox(config, num_workers=2) as sandbox:
            verdicts[size] = {r.key: r.outcomes for r in sandbox.judge([job])}
    assert sandbox.audit.batched >= 45
    assert sandbox.audit.disagreed == 0
    for key, outcomes in verdicts[1].items():
        passed = [outcome is Outcome.PASSED for outcome in outcomes]
        assert passed == [outcome is Outcome.PASSED for outcome in verdicts[16][key]], key


def test_an_audit_that_disagrees_is_believed_and_ends_batching() -> None:
    """A worker whose batches lie: everything is judged again alone."""
    wrong = b'\x00\x00\x00\x14{"values": [[9, 9]]}'
    right = b'\x00\x00\x00\x17{"values": [[3, 2, 4]]}'
    header = b'\x00\x00\x00\x0e{"values": []}'
    tests = ("assert f([4, 2, 3]) == [3, 2, 4]",)
    kinds: list[str] = []

    def run(trial: Trial) -> list[Attempt]:
        kinds.append(trial.kind)
        answers = (header + wrong) * 3 if trial.kind == "batch" else header + right
        return [Attempt(0, answers, False, "finished", 256, 0.0, 0.0)]

    audit = Audit()
    config = SandboxConfig(batch_size=3, audit_share=1.0)
    jobs = [Job("p", tests, (("a", "x"), ("b", "x"), ("c", "x")))] * 2
    judged = [verdict for unit in units(jobs, config, audit) for verdict in drive(unit, run)]
    assert [v.outcomes for v in judged] == [(Outcome.PASSED,)] * 6
    assert audit.disagreed == 3
    assert kinds == ["batch", *["calls"] * 6]


def test_rewards_of_rl_are_never_judged_in_batches() -> None:
    from acecoder.config import validate
    from acecoder.stages.train_policy import TrainPolicyConfig

    reward = {"kind": "tests_binary", "sandbox": {"batch_size": 8}}
    table = {"model": {"source": "random:tiny"}, "reward": reward}
    with pytest.raises(InputError, match="batch_size must be 1"):
        validate(TrainPolicyConfig, table, where="train_policy")


def test_presets_of_limits() -> None:
    paper = SandboxConfig.model_validate({"limits": "paper"}).limits
    assert (paper.test_cpu_s, paper.total_wall_s, paper.memory_bytes) == (4.0, 16.0, 4 << 30)
    fast = SandboxConfig.model_validate({"limits": {"preset": "fast", "threads": 3}}).limits
    assert (fast.test_cpu_s, fast.max_timeouts, fast.threads) == (0.1, 1, 3)
    with pytest.raises(ValueError, match="no preset 'slow'"):
        SandboxConfig.model_validate({"limits": "slow"})


@needs_namespaces
def test_the_flaky_check_fails_what_depends_on_the_hash_seed() -> None:
    flaky = "def f(x): return x[::-1] if hash('a') % 1000 == {} else 0"
    look = "def f(x): return hash('a') % 1000"
    with open_sandbox(SandboxConfig(), num_workers=1) as sandbox:
        (seen,) = sandbox.judge([Job("p", ("assert f(1) == -1",), (("k", look),))])
    program = flaky.format(seen.reason.rsplit(" ", 1)[1])
    job = Job("p", TESTS, (("k", program), ("ok", RIGHT)))
    with open_sandbox(SandboxConfig(), num_workers=1) as sandbox:
        assert all(set(r.outcomes) == {Outcome.PASSED} for r in sandbox.judge([job]))
    with open_sandbox(SandboxConfig(flaky_check=True), num_workers=1) as sandbox:
        twice = {r.key: r for r in sandbox.judge([job])}
    assert Outcome.PASSED not in twice["k"].outcomes
    assert "one hash seed only" in twice["k"].reason
    assert set(twice["ok"].outcomes) == {Outcome.PASSED}


def test_expected_values_are_in_no_trial() -> None:
    tests = (
        "assert f(1) == 'secret-1'",
        "assert abs(f(2) - 271828) < 3.14159",
        "assert 99887 in f(3)",
    )
    plans = planned(Job("p", tests, ()))
    judging = judge_program("k", "p", plans, "def f(x): return x", SandboxConfig().limits)
    text = str(next(judging).wire())
    assert not any(value in text for value in ("secret-1", "271828", "3.14159", "99887"))
