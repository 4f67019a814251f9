"""What a person sees of a run: plain lines in a file or a pipe, bars at a terminal, and neither's codes in the log."""

from __future__ import annotations

import io

import pytest

from acecoder.pipelines import screen as screens
from acecoder.pipelines.screen import Screen

STEPS = ("collect_seeds", "synthesize_tests", "filter_tests")
LINES = "KFP says much\n[collect_seeds] 10/40 seeds  2.0/s  15 s to go\n[synthesize_tests] asks\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_of_steps_are_shown_with_their_place_and_all_are_logged() -> None:
    log, shown = io.StringIO(), io.StringIO()
    Screen(log, shown, STEPS).write(LINES)
    assert log.getvalue() == LINES
    assert shown.getvalue() == (
        "[1/3 collect_seeds] 10/40 seeds  2.0/s  15 s to go\n[2/3 synthesize_tests] asks\n"
    )


def test_a_terminal_gets_bars_and_the_log_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    log, shown = io.StringIO(), Terminal()
    screen = Screen(log, shown, STEPS, {"synthesize_tests": 300.0, "filter_tests": 60.0})
    with screen.watched():
        screen.write(LINES.split("[synth")[0])
    text = shown.getvalue()
    assert "\x1b[" in text and "10/40" in text and "0/3" in text
    assert "15 s to go" in text and "about 6 min to go" in text
    assert "\x1b" not in log.getvalue()


def test_the_time_to_go_is_of_the_step_and_of_those_ahead() -> None:
    screen = Screen(io.StringIO(), io.StringIO(), STEPS, dict.fromkeys(STEPS, 100.0))
    screen.write("[collect_seeds] 10/40 seeds  2.0/s  15 s to go\n")
    assert screen.to_go_s() == 15.0 + 200.0
    screen.write("[synthesize_tests] asks\n")
    assert screen.to_go_s() == pytest.approx(200.0, abs=1.0)


def test_without_an_earlier_run_no_time_is_told() -> None:
    shown = io.StringIO()
    screen = Screen(io.StringIO(), shown, STEPS, {"filter_tests": 3.0})
    screen.write("[collect_seeds] 10/40 seeds\n")
    assert screen.to_go_s() is None and "to go" not in shown.getvalue()


def test_a_silent_step_is_said_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "SILENT_S", 0.0)
    shown = io.StringIO()
    screen = Screen(io.StringIO(), shown, STEPS)
    screen.write("[filter_tests] starts\n")
    screen.say_if_silent()
    assert "[1/3 filter_tests] runs, for 0 s\n" in shown.getvalue()
