"""Results in groups that are small in number and never old: what is on disk cannot be lost."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
LOOK_S = 0.2


@dataclass(frozen=True)
class _End:
    """No more comes, or the source raised."""

    error: BaseException | None = None


def grouped(items: Iterable[Item], size: int, after_s: float) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `size`, none of which waits longer than `after_s`.

    The source is drawn in a thread of its own, a little ahead. Where it raises, what came before is
    yielded first; so it is where the caller is interrupted while it waits.
    """
    reader = _Reader(items, size)
    group: list[Item] = []
    began_s = time.monotonic()
    try:
        while True:
            try:
                left_s = max(0.0, began_s + after_s - time.monotonic())
                item = reader.next(left_s if group else None)
            except queue.Empty:
                item = None
            except KeyboardInterrupt:
                if group:
                    yield group
                raise
            if isinstance(item, _End):
                if group:
                    yield group
                if item.error is not None:
                    raise item.error
                return
            if item is not None:
                began_s = began_s if group else time.monotonic()
                group.append(item[0])
            if group and (len(group) >= size or _is_due(reader, began_s, after_s)):
                yield group
                group = []
    finally:
        reader.stop()


def _is_due(reader: _Reader[Item], began_s: float, after_s: float) -> bool:
    return reader.is_idle and time.monotonic() - began_s >= after_s


class _Reader(Generic[Item]):
    """Draws a source in a thread."""

    def __init__(self, items: Iterable[Item], ahead: int) -> None:
        self._found: queue.Queue[tuple[Item] | _End] = queue.Queue(ahead)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._draw, args=(items,), daemon=True)
        self._thread.start()

    def next(self, timeout_s: float | None) -> tuple[Item] | _End:
        """Raises: queue.Empty where nothing came in time."""
        return self._found.get(timeout=timeout_s)

    @property
    def is_idle(self) -> bool:
        """Nothing is there to be taken at once."""
        return self._found.empty()

    def stop(self) -> None:
        """Draw no more, close the source, and wait until that is done."""
        self._stopped.set()
        self._thread.join()

    def _draw(self, items: Iterable[Item]) -> None:
        source = iter(items)
        end = _End()
        try:
            for item in source:
                if not self._put((item,)):
                    return
        except BaseException as error:
            end = _End(error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            self._put(end)

    def _put(self, item: tuple[Item] | _End) -> bool:
        while not self._stopped.is_set():
            try:
                self._found.put(item, timeout=LOOK_S)
                return True
            except queue.Full:
                continue
        return False
