"""Many requests under way at once, on one event loop in a thread of its own.

Each is tried again with growing waits; what the server will never answer is set aside; a fault that
every request would meet ends them all, once those under way have been heard out: they are paid for.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from acecoder.errors import AceCoderError, InputError, LLMUnavailable
from acecoder.llm.interface import REFUSED_PROMPT, Answer, Found, Request, SetAside
from acecoder.llm.requesting.faults import (
    ParameterRefused,
    PromptRefused,
    Transient,
    empty_account,
    error_of,
    refused_at_once,
    said,
    wait_of,
)
from acecoder.llm.requesting.parameters import NAMED, Parameters, body_of, refused_parameter
from acecoder.llm.requesting.reading import Unread, read_completion

if TYPE_CHECKING:
    import openai

FIRST_WAIT_S, LAST_WAIT_S = 0.5, 30.0


@dataclass(frozen=True)
class Endpoint:
    """Where requests go and how they are made."""

    base_url: str
    model: str
    key: str
    key_env: str
    parameters: Parameters
    timeout_s: float
    max_retries: int
    concurrency: int


@dataclass
class _Run:
    """One call of `answers`."""

    requests: Sequence[Request]
    found: queue.Queue[Found | None] = field(default_factory=queue.Queue)
    """None at the end."""
    waiting: Iterator[int] = field(init=False)
    fault: BaseException | None = None
    """What ended it before its end: nothing new is asked."""
    cancel: Callable[[], None] = lambda: None
    """Gives up what is under way."""

    def __post_init__(self) -> None:
        self.waiting = iter(range(len(self.requests)))


class Client:
    """Asks one endpoint."""

    def __init__(self, endpoint: Endpoint, say: Callable[[str], None]) -> None:
        self._endpoint = endpoint
        self._say = say
        self._refused: set[str] = set()
        """Parameters that the server has refused by name."""

    def answers(self, requests: Sequence[Request]) -> Iterator[list[Found]]:
        """The answers as they come: whatever has come since the last ones were taken.

        A caller that is interrupted while it waits is given those first. Raises: InputError or
        LLMUnavailable, after all that was under way has been yielded.
        """
        run, started = _Run(requests), threading.Event()
        thread = threading.Thread(target=self._run, args=(run, started), daemon=True)
        thread.start()
        started.wait()
        try:
            while group := _taken(run.found):
                yield [each for each in group if each is not None]
                if group[-1] is None:
                    break
            if run.fault is not None:
                raise run.fault
        except KeyboardInterrupt:
            yield [each for each in _there(run.found) if each is not None]
            raise
        finally:
            run.cancel()
            thread.join()

    def _run(self, run: _Run, started: threading.Event) -> None:
        try:
            asyncio.run(self._all(run, started))
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            run.fault = run.fault or error
        finally:
            started.set()
            run.found.put(None)

    async def _all(self, run: _Run, started: threading.Event) -> None:
        import openai  # a second to import, which no other verb should pay

        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        run.cancel = partial(_cancel, loop, task)
        started.set()
        async with openai.AsyncOpenAI(
            base_url=self._endpoint.base_url,
            api_key=self._endpoint.key,
            timeout=None,
            max_retries=0,  # tries are made and timed here, each to its last byte
            http_client=openai.DefaultAioHttpClient(),
        ) as api:
            width = min(self._endpoint.concurrency, len(run.requests))
            await asyncio.gather(*(self._work(api, run) for _ in range(width)))

    async def _work(self, api: openai.AsyncOpenAI, run: _Run) -> None:
        for index in run.waiting:
            if run.fault is not None:
                return
            try:
                answer = await self._answer(api, run, run.requests[index])
            except PromptRefused as refusal:
                answer = SetAside(REFUSED_PROMPT, str(refusal), 0)
            except AceCoderError as fault:
                run.fault = run.fault or fault
                return
            run.found.put((index, answer))

    async def _answer(
        self, api: openai.AsyncOpenAI, run: _Run, request: Request
    ) -> Answer | SetAside:
        """Ask until there is an answer. Raises: PromptRefused, InputError, LLMUnavailable."""
        tries, last = 0, Transient("")
        while tries <= self._endpoint.max_retries:
            if tries:
                await asyncio.sleep(_wait_s(tries, last.wait_s))
                if run.fault is not None:
                    break
            body = body_of(request, self._endpoint.model, self._endpoint.parameters, self._refused)
            try:
                read = await self._once(api, body, request.stop)
            except ParameterRefused as refusal:
                self._adapt(refusal)
                continue  # no try of the server's patience: another request
            tries += 1
            if isinstance(read, Answer | SetAside):
                return read
            last = read
        if last.why == _EMPTY:
            return SetAside("empty", f"{_EMPTY}, {tries} times", 0)
        raise LLMUnavailable(
            f"no answer after {tries} tries: {last.why}",
            where=self._endpoint.base_url,
            remedy="is the server up? answers so far are kept; run the same command again",
        )

    async def _once(
        self, api: openai.AsyncOpenAI, body: dict[str, Any], stop: tuple[str, ...]
    ) -> Answer | SetAside | Transient:
        import openai

        try:
            async with asyncio.timeout(self._endpoint.timeout_s):
                response = await api.post("/chat/completions", body=body, cast_to=str)
        except TimeoutError:
            return Transient(f"nothing within timeout_s = {self._endpoint.timeout_s:g}")
        except openai.APIStatusError as error:
            return self._status(error, body)
        except openai.OpenAIError as error:
            return Transient(_first_line(error))
        read = read_completion(response, stop)
        if not isinstance(read, Unread):
            return read
        empty = empty_account(read.error or {}, self._endpoint.base_url)
        if empty is not None:
            raise empty
        return Transient(_EMPTY if read.is_empty else f"the server sent {read.why}")

    def _status(self, error: openai.APIStatusError, body: dict[str, Any]) -> Transient:
        status, told, where = error.status_code, error_of(error), self._endpoint.base_url
        fault = empty_account(told, where) or refused_at_once(
            status, told, where, self._endpoint.model, self._endpoint.key_env
        )
        if fault is not None:
            raise fault from None
        if status in (408, 409, 425, 429) or status >= 500:
            return Transient(f"{status}: {said(told)}", wait_of(error))
        name = refused_parameter(told, set(body) - {"model", "messages"})
        if name:
            raise ParameterRefused(name, f"({status}) {said(told)}") from None
        raise PromptRefused(f"({status}) {said(told)}") from None

    def _adapt(self, refusal: ParameterRefused) -> None:
        """Go on without the parameter. Raises: InputError where that was not wished, or did not help."""
        name = refusal.name
        own = [each for each in NAMED if getattr(self._endpoint.parameters, each) == name]
        if not self._endpoint.parameters.adapt or not (own or name == "max_completion_tokens"):
            setting = f"parameters.{own[0]}" if own else "parameters.extra_body"
            raise InputError(
                f"the endpoint refused the parameter {name} {refusal}",
                where=f"{self._endpoint.base_url}, model {self._endpoint.model}",
                remedy=f"name it as the server does, or leave it out: `{setting}` of the model",
            )
        if name not in self._refused:
            self._refused.add(name)
            self._say(
                f"the endpoint refused the parameter {name} {refusal}; later requests leave it out"
            )


def _taken(found: queue.Queue[Found | None]) -> list[Found | None]:
    """The next one, waited for, and those behind it that are there."""
    return [found.get(), *_there(found)]


def _there(found: queue.Queue[Found | None]) -> Iterator[Found | None]:
    """What can be taken at once."""
    try:
        while True:
            yield found.get_nowait()
    except queue.Empty:
        return


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has come to its end
        loop.call_soon_threadsafe(task.cancel)


_EMPTY = "an answer without text"


def _wait_s(tries: int, asked_s: float | None) -> float:
    """Longer each time, and never the same for all who wait."""
    most_s = min(LAST_WAIT_S, FIRST_WAIT_S * 2.0 ** (tries - 1))
    own_s = most_s * random.uniform(0.5, 1.0)
    return max(asked_s or 0.0, own_s)


def _first_line(error: BaseException) -> str:
    """What went wrong underneath: the package calls a refused connection a timeout."""
    cause = error.__cause__ or error
    return (str(cause).splitlines() or [type(cause).__name__])[0][:300]
