"""Turns on the cores: never more quick programs than cores, nobody waits behind one that sleeps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from acecoder.sandbox.backends import turns
from acecoder.sandbox.backends.turns import Turns


def test_no_more_at_once_than_cores_while_all_are_quick(monkeypatch) -> None:
    monkeypatch.setattr(turns, "QUICK_S", 60.0)
    given, running, most = Turns(2), 0, 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal running, most
        with given.one():
            with lock:
                running += 1
                most = max(most, running)
            threading.Event().wait(0.001)
            with lock:
                running -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    assert most == 2


def test_one_that_takes_long_holds_nobody_up() -> None:
    given, others_are_done = Turns(1), threading.Event()

    def slow() -> bool:
        with given.one():
            return others_are_done.wait(30)

    def quick(_: int) -> None:
        with given.one():
            pass

    with ThreadPoolExecutor(3) as pool:
        sleeper = pool.submit(slow)
        list(pool.map(quick, range(20)))
        others_are_done.set()
        assert sleeper.result()


def test_a_turn_taken_over_is_not_given_back_twice(monkeypatch) -> None:
    monkeypatch.setattr(turns, "QUICK_S", 0.0)
    given = Turns(1)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            barrier = threading.Barrier(4)

            def together(barrier: threading.Barrier = barrier) -> None:
                with given.one():
                    barrier.wait(30)

            for each in [pool.submit(together) for _ in range(4)]:
                each.result()
    monkeypatch.setattr(turns, "QUICK_S", 60.0)
    inside, entered, release = threading.Event(), threading.Event(), threading.Event()

    def hold(mine: threading.Event) -> None:
        with given.one():
            mine.set()
            release.wait(30)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(hold, inside)
        assert inside.wait(30)
        second = pool.submit(hold, entered)
        assert not entered.wait(0.3)  # one turn is left, not two
        release.set()
        second.result()


def test_an_error_inside_gives_the_turn_back() -> None:
    given = Turns(1)
    for _ in range(3):
        try:
            with given.one():
                raise ValueError
        except ValueError:
            pass
    with given.one():
        pass


def test_who_asks_to_be_alone_is_and_the_others_go_on_afterwards() -> None:
    given, running, beside = Turns(2), 0, []
    lock = threading.Lock()

    def work(number: int) -> None:
        nonlocal running
        with given.one():
            with lock:
                running += 1
            threading.Event().wait(0.001)
            with lock:
                running -= 1
            if number % 5 == 0:
                with given.alone():
                    beside.append(running)
                    threading.Event().wait(0.002)
                    beside.append(running)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(60)))
    assert beside == [0] * 24
