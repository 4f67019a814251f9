"""What earlier runs of a home tell of the next one."""

from __future__ import annotations

from acecoder.engine.home import Home
from acecoder.reporting import records
from acecoder.reporting.about import FILE, of_run


def latest_seconds(home: Home, profile: str) -> dict[str, float]:
    """Step -> seconds that it took in the latest run of a profile that finished it."""
    runs = sorted(
        (home.root / "runs").glob(f"*/{FILE}"), key=lambda file: file.stat().st_mtime, reverse=True
    )
    seconds: dict[str, float] = {}
    for run_key in (file.parent.name for file in runs):
        told = of_run(home, run_key)
        if told is None or told.profile != profile or not home.listing(home.run(run_key) / "steps"):
            continue
        for name, step in records.load(home, run_key).items():
            seconds.setdefault(name, step.wall_s)
    return seconds
