"""`python -m tests.fuzz SECONDS [FIRST_SEED]`: look for a test or an answer that costs over a second."""

import sys
import time

from tests.fuzz.cost import MOST_S, cost_of

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
until_s = time.monotonic() + seconds
worst_s, found, count = 0.0, 0, 0
while time.monotonic() < until_s:
    spent_s, test = cost_of(seed)
    count += 1
    if spent_s > worst_s:
        worst_s = spent_s
        print(f"seed {seed}: {spent_s:.3f} s of CPU, {test[:150]!r}", flush=True)
    found += spent_s > MOST_S
    seed += 1
print(f"{count} inputs, the worst {worst_s:.3f} s, {found} over {MOST_S} s")
raise SystemExit(found > 0)
