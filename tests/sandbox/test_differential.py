"""Verdicts beside CPython's `exec`, in the sandbox: the grammar, and some of the benchmarks' asserts.

`make differential` runs all of them.
"""

from __future__ import annotations

import pytest

from acecoder.sandbox.backends.requirements import why_unavailable
from tests.differential.compare import compare
from tests.differential.corpus import DATA, benchmarks
from tests.differential.grammar import grammar

pytestmark = pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable())
MAX_DENIED = 0.02


def test_no_credit_is_unearned_and_little_denied_in_any_class() -> None:
    found = compare(grammar())
    assert found.pairs > 1000
    assert not found.unearned, found.report()
    assert len(found.denied) <= MAX_DENIED * found.right, found.report()


@pytest.mark.skipif(not DATA.exists(), reason=f"no benchmark files at {DATA}")
def test_asserts_of_public_benchmarks_are_judged_as_python_would() -> None:
    found = compare(benchmarks(every=25, num_mutants=1))
    assert found.pairs > 500
    assert not found.unearned, found.report()
    assert len(found.denied) <= MAX_DENIED * found.right, found.report()
    assert found.weak <= 0.06 * found.pairs, found.report()
