"""`python -m tests.fuzz SECONDS [FIRST_SEED]`: look for a test or an answer that costs over a second.

`python -m tests.fuzz --seeds 1 2 3`: these inputs alone.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from itertools import takewhile

from tests.fuzz.cost import MOST_S, cost_of


def seeds() -> Iterator[int]:
    if sys.argv[1:2] == ["--seeds"]:
        yield from map(int, sys.argv[2:])
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    until_s = time.monotonic() + seconds
    yield from takewhile(lambda _: time.monotonic() < until_s, itertools.count(first))


worst_s, found, count = 0.0, 0, 0
for seed in seeds():
    spent_s, test = cost_of(seed)
    count += 1
    if spent_s > worst_s:
        worst_s = spent_s
        print(f"seed {seed}: {spent_s:.3f} s of CPU, {test[:150]!r}", flush=True)
    found += spent_s > MOST_S
print(f"{count} inputs, the worst {worst_s:.3f} s, {found} over {MOST_S} s")
raise SystemExit(found > 0)
