"""The `pool` backend: trials go over HTTP to the pods behind a headless Service.

One thread, the caller's, holds all state: which trials wait, which are under way and where. Threads
of an executor only speak HTTP and report events. A trial is answered once: a replica that dies, is
full or falls behind costs time, never a verdict.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from acecoder.errors import InputError, SandboxUnavailable
from acecoder.sandbox.backends.replicas import REMEDY, Address, Replicas
from acecoder.sandbox.contract import Judged, SandboxConfig
from acecoder.sandbox.trials import Loss, Reply, Trial, Unit, read_attempts
from acecoder.sandbox.worker.wire import from_wire

SILENCE_S = 30.0
"""A replica says something every few seconds; one that is silent for so long is lost."""
LOOK_S = 0.25


@dataclass
class _Pending:
    """One trial of a unit, waiting or under way.

    Its state is where its id stands:

        todo ----> under way (a chunk's) --answered--> gone, the unit goes on
        suspects ---^   |    \\--lost, and no other replica has it--> gone, the unit hears of a loss
                        |            (and asks again, for a trial that may be `alone`: a suspect)
                        +--never taken (the replica was full or absent)--> back where it was
    """

    unit: Unit
    trial: Trial
    wire: dict[str, Any]
    lost_alone: bool = False
    """A replica, or worker after worker of one, was lost that had nothing else."""
    sent_s: float = 0.0
    hedged: bool = False


@dataclass(eq=False)
class _Chunk:
    """One request under way."""

    address: Address
    ids: list[int]
    alone: bool = False
    """A suspect's: its replica has nothing else."""
    connection: http.client.HTTPConnection | None = None


@dataclass(frozen=True)
class _Event:
    """What an HTTP thread has to say of its chunk."""

    chunk: _Chunk
    answer: dict[str, Any] | None = None
    ended: str = ""
    """`done`, `busy` or `absent` (it never took the trials), `lost`, `refused`: nothing more comes."""
    detail: str = ""


class PoolBackend:
    """The pods behind `config.pool.url`; see `trials.Backend`."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._replicas = Replicas(config)

    def __enter__(self) -> Self:
        self._replicas.wait_for_one(self._config.pool.wait_s)
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def exposed(self) -> dict[str, str]:
        """Replicas that reach what a network policy should keep from them -> what they reached."""
        return self._replicas.exposed()

    def run(self, units: Iterator[Unit]) -> Iterator[Judged]:
        """See `trials.Backend.run`. Units are drawn in the caller's thread, a chunk ahead."""
        call = _Call(self._config, self._replicas, units)
        try:
            yield from call.run()
        finally:
            call.close()


class _Call:
    """One call of `judge`."""

    def __init__(self, config: SandboxConfig, replicas: Replicas, waiting: Iterator[Unit]) -> None:
        self._pool = config.pool
        self._replicas = replicas
        self._units: Iterator[Unit] | None = waiting
        self._pending: dict[int, _Pending] = {}
        self._todo: deque[int] = deque()
        self._suspects: deque[int] = deque()  # run last, each with a replica to itself
        self._chunks: set[_Chunk] = set()
        self._events: queue.Queue[_Event] = queue.Queue()
        self._next_id = 0
        self._heard_s = time.monotonic()

    def run(self) -> Iterator[Judged]:
        while True:
            yield from self._fill()
            if not self._pending and self._units is None:
                return
            try:
                event = self._events.get(timeout=LOOK_S)
            except queue.Empty:
                self._hedge()
                if time.monotonic() - self._heard_s > self._pool.wait_s and not self._chunks:
                    raise self._replicas.gone() from None
                continue
            yield from self._take(event)

    def close(self) -> None:
        """Hang up: the replicas stop working on what nobody waits for."""
        for chunk in self._chunks:
            self._replicas.end(chunk.address, "done", "")
            if chunk.connection is not None and chunk.connection.sock is not None:
                with contextlib.suppress(OSError):
                    chunk.connection.sock.shutdown(socket.SHUT_RDWR)

    def _fill(self) -> Iterator[Judged]:
        """Send chunks while a replica has room for one."""
        while (address := self._replicas.pick(without=self._reserved())) is not None:
            while self._units is not None and len(self._todo) < self._pool.chunk_programs:
                unit = next(self._units, None)
                if unit is None:
                    self._units = None
                else:
                    yield from self._advance(unit, None)
            if not self._todo:
                break
            size = min(self._pool.chunk_programs, len(self._todo))
            self._send(address, [self._todo.popleft() for _ in range(size)])
        if not self._todo and self._units is None:
            self._send_suspects()

    def _reserved(self) -> set[Address]:
        """Replicas that a suspect has to itself."""
        return {chunk.address for chunk in self._chunks if chunk.alone}

    def _send_suspects(self) -> None:
        """Each to a replica that does nothing else, so that its loss is nobody else's fault."""
        busy = {chunk.address for chunk in self._chunks}
        while self._suspects and (address := self._replicas.pick(without=busy)) is not None:
            busy.add(address)
            self._send(address, [self._suspects.popleft()], alone=True)

    def _advance(self, unit: Unit, reply: Reply | None) -> Iterator[Judged]:
        """Resume a unit: it ends in verdicts or asks for another trial."""
        try:
            trial = next(unit) if reply is None else unit.send(reply)
        except StopIteration as end:
            yield from end.value
            return
        self._next_id += 1
        wire = {"id": self._next_id, **trial.wire()}
        self._pending[self._next_id] = _Pending(unit, trial, wire)
        if trial.alone:
            self._suspects.appendleft(self._next_id)
        elif isinstance(reply, Loss):
            self._todo.appendleft(self._next_id)
        else:
            self._todo.append(self._next_id)

    def _send(self, address: Address, ids: list[int], *, alone: bool = False) -> None:
        chunk = _Chunk(address, ids, alone)
        self._chunks.add(chunk)
        self._replicas.begin(address)
        now_s = time.monotonic()
        for each in ids:
            self._pending[each].sent_s = now_s
        trials = [self._pending[each].wire for each in ids]
        threading.Thread(
            target=_speak, args=(chunk, trials, self._replicas, self._events), daemon=True
        ).start()

    def _take(self, event: _Event) -> Iterator[Judged]:
        if event.answer is not None:
            yield from self._hear(event.chunk, event.answer)
            return
        chunk = event.chunk
        self._chunks.discard(chunk)
        self._replicas.end(chunk.address, event.ended, event.detail)
        if event.ended == "refused":
            raise SandboxUnavailable(event.detail, where="sandbox pool", remedy=REMEDY)
        elsewhere = self._under_way()
        for each in chunk.ids:
            pending = self._pending.get(each)
            if pending is None or each in elsewhere:
                continue
            if event.ended == "lost":  # it took them, and these came to no answer
                pending.lost_alone |= chunk.alone
                yield from self._lose(each, event.detail)
            else:
                (self._suspects if pending.trial.alone else self._todo).appendleft(each)

    def _lose(self, each: int, detail: str) -> Iterator[Judged]:
        """Tell a unit that its trial was lost; what follows from that is the judge's to say."""
        pending = self._pending.pop(each)
        fault = SandboxUnavailable(detail or "no reason given", where="sandbox pool", remedy=REMEDY)
        yield from self._advance(pending.unit, Loss(pending.lost_alone, fault))

    def _under_way(self) -> set[int]:
        """Trials that a replica has; a hedged one waits again only when none has it."""
        return {each for chunk in self._chunks for each in chunk.ids}

    def _hear(self, chunk: _Chunk, answer: dict[str, Any]) -> Iterator[Judged]:
        """One trial's answer."""
        self._heard_s = time.monotonic()
        self._replicas.answered(chunk.address)
        pending = self._pending.get(answer.get("id", 0))
        if pending is None:
            return  # a hedge came first
        if "malformed" in answer:
            raise SandboxUnavailable(
                f"it refuses a trial: {answer['malformed']}", where="sandbox pool", remedy=REMEDY
            )
        if "attempts" in answer:
            attempts = read_attempts(from_wire(answer["attempts"]))
            del self._pending[answer["id"]]
            yield from self._advance(pending.unit, attempts)
        elif "lost" in answer and answer["id"] in chunk.ids:
            # Worker after worker of a replica that lives.
            chunk.ids.remove(answer["id"])
            pending.lost_alone = True
            if answer["id"] not in self._under_way():
                yield from self._lose(answer["id"], str(answer["lost"]))

    def _hedge(self) -> None:
        """With nothing left to send, ask another replica for what is late."""
        if self._todo or self._units is not None:
            return
        late_s = time.monotonic() - self._pool.hedge_after_s
        for chunk in [chunk for chunk in self._chunks if not chunk.alone]:
            late = [
                each
                for each in chunk.ids
                if (p := self._pending.get(each)) and not p.hedged and p.sent_s < late_s
            ]
            address = (
                self._replicas.pick(without={chunk.address, *self._reserved()}) if late else None
            )
            if address is not None:
                for each in late:
                    self._pending[each].hedged = True
                self._send(address, late)


def _speak(
    chunk: _Chunk, trials: list[dict[str, Any]], replicas: Replicas, events: queue.Queue[_Event]
) -> None:
    """One request, in a thread of its own: every line of the answer is an event, and its end."""
    taken, unheard = False, set(chunk.ids)
    try:
        replicas.check(chunk.address)
        chunk.connection = http.client.HTTPConnection(*chunk.address, timeout=SILENCE_S)
        token = replicas.token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        chunk.connection.request(
            "POST", "/v1/trials", json.dumps({"trials": trials}).encode(), headers
        )
        response = chunk.connection.getresponse()
        if response.status in (429, 503):
            events.put(_Event(chunk, ended="busy", detail=f"{chunk.address[0]} is full"))
        elif response.status != 200:
            text = response.read(300).decode(errors="replace").strip()
            events.put(_Event(chunk, ended="refused", detail=f"{chunk.address[0]}: {text}"))
        else:
            taken = True
            for line in response:
                answer = json.loads(line)
                if "id" in answer:
                    unheard.discard(answer["id"])
                    events.put(_Event(chunk, answer=answer))
            # A connection that is cut may look like an end.
            detail = f"{chunk.address[0]} stopped in the middle" if unheard else ""
            events.put(_Event(chunk, ended="lost" if unheard else "done", detail=detail))
    except (InputError, SandboxUnavailable) as error:
        events.put(_Event(chunk, ended="refused", detail=str(error)))
    except Exception as error:  # a replica that died may break the protocol anywhere
        ended = "lost" if taken else "absent"
        events.put(_Event(chunk, ended=ended, detail=f"{chunk.address[0]}: {error!r}"))
    finally:
        if chunk.connection is not None:
            chunk.connection.close()
