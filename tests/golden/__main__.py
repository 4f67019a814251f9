"""`make golden`: are losses and verdicts what they were? `--record` writes what they are."""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.golden import losses, verdicts, workload

HERE = Path(__file__).parent
LOSSES, VERDICTS = HERE / "losses.json", HERE / "verdicts.json.gz"


def main(arguments: list[str]) -> int:
    """Compare with the recordings, or make them; 1 where something differs."""
    sys.set_int_max_str_digits(0)  # some answers of HumanEval+ are longer
    if "--record" in arguments:
        LOSSES.write_text(json.dumps(losses.measure(), indent=1) + "\n")
        return _record_verdicts()
    changed = losses.differences(json.loads(LOSSES.read_text()), losses.measure())
    say(f"losses: {len(json.loads(LOSSES.read_text()))} curves, {len(changed)} differ")
    if "--losses" not in arguments:
        changed += _compare_verdicts()
    for line in changed:
        say(line)
    return 1 if changed else 0


def _record_verdicts() -> int:
    tasks = list(workload.tasks())
    first, second = _timed(tasks), _timed(tasks)
    unstable = verdicts.differing(first, second)
    for problem, name in unstable:
        del first[problem][name]
    record = {"unstable": sorted(map(list, unstable)), "verdicts": first}
    VERDICTS.write_bytes(gzip.compress(json.dumps(record).encode(), mtime=0))
    say(f"{len(unstable)} programs differ between two runs and are left out")
    return 0


def _compare_verdicts() -> list[str]:
    if not workload.DATA.is_dir():
        say(f"verdicts: skipped, there is no {workload.DATA}")
        return []
    record: dict[str, Any] = json.loads(gzip.decompress(VERDICTS.read_bytes()))
    recorded = record["verdicts"]
    unstable = {(problem, name) for problem, name in record["unstable"]}
    tasks = list(workload.tasks())
    measured = _timed(tasks)
    changed = verdicts.differing(recorded, measured) - unstable
    first = len(changed)
    for _ in range(2 if changed else 0):  # near a limit, a busy machine may have the last word
        again = verdicts.judge(verdicts.only(tasks, changed))
        changed = {(p, n) for p, n in changed if again[p][n] != recorded.get(p, {}).get(n)}
        measured |= again
    say(f"verdicts: {first} differ at first, {len(changed)} every time")
    return [
        f"{p}, {n}: recorded {recorded.get(p, {}).get(n)}, measured {measured[p].get(n)}"
        for p, n in sorted(changed)
    ]


def _timed(tasks: list[workload.Task]) -> verdicts.Verdicts:
    started_s = time.monotonic()
    found = verdicts.judge(tasks)
    programs = sum(map(len, found.values()))
    say(f"{programs} programs in {time.monotonic() - started_s:.0f} s: {verdicts.counts(found)}")
    return found


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
