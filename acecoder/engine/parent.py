"""Steps that end with the process that runs their pipeline, however that ended."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

VARIABLE = "ACECODER_PARENT_LOCK"
EVERY_S = 1.0


@contextmanager
def parent_of_steps(lock: Path) -> Iterator[None]:
    """Hold a lock that tells steps that this process lives; the kernel lets go of it at any death."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    _remove_free(lock.parent.glob(f"{lock.stem.partition('-')[0]}-*"))
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.environ[VARIABLE] = str(lock)
        try:
            yield
        finally:
            os.environ.pop(VARIABLE, None)
            lock.unlink(missing_ok=True)


def _remove_free(locks: Iterable[Path]) -> None:
    """Those of processes that were killed."""
    for lock in locks:
        with lock.open() as handle, suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.unlink(missing_ok=True)


def end_with_parent() -> None:
    """In a step: end at once when nobody holds the lock any more. Killed is a state that every step is
    resumed from."""
    lock = os.environ.get(VARIABLE)
    if lock:
        Thread(target=_watch, args=(Path(lock),), name="parent", daemon=True).start()


def _watch(lock: Path) -> None:
    while True:
        time.sleep(EVERY_S)
        if not lock.exists():
            return  # it ended well, and waits for no step
        with lock.open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        os._exit(137)
