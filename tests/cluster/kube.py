"""kubectl, for tests."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any


def kubectl(*arguments: str, given: str | None = None, check: bool = True) -> str:
    """Its output; with `check`, a failure is the test's."""
    done = subprocess.run(
        ["kubectl", *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout + ("" if check else done.stderr)


def get(kind: str, namespace: str, *more: str) -> Any:
    """Objects as data."""
    return json.loads(kubectl("-n", namespace, "get", kind, *more, "-o", "json"))


def apply(namespace: str, thing: dict[str, Any]) -> None:
    kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(thing))


def until(what: str, found: Callable[[], bool], timeout_s: float = 120.0) -> None:
    """Wait for something to become true."""
    deadline_s = time.monotonic() + timeout_s
    while not found():
        assert time.monotonic() < deadline_s, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(1.0)
