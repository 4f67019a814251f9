"""`python -m tests.differential [EVERY]`: the grammar, and each EVERY-th problem of the benchmarks."""

import sys
from collections import defaultdict

from tests.differential.compare import compare
from tests.differential.corpus import benchmarks
from tests.differential.grammar import grammar

every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
failed = 0
by_kind = defaultdict(list)
for case in benchmarks(every=every):
    by_kind[case.kind].append(case)
for kind, cases in {"grammar": list(grammar()), **by_kind}.items():
    found = compare(cases)
    print(f"{kind}: {found.report()}", flush=True)
    failed += len(found.unearned)
raise SystemExit(bool(failed))
