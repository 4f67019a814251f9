"""Stages through their one door, on small real input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from acecoder.cli import main
from acecoder.engine.home import Home
from acecoder.engine.publishing import content_digest
from acecoder.engine.runner import run_stage
from acecoder.engine.tables import read_table
from acecoder.errors import InputError
from acecoder.sandbox.opening import Sandbox
from acecoder.schema import Problem, Program, Seed, Verdict
from acecoder.stages.filter_tests import filter_tests
from acecoder.stages.sample_programs import sample_programs

PROBLEM = {
    "id": "p",
    "question": "Write a function f(x).",
    "tests": ["assert f(1) == 2", "assert f(2) == 3"],
}


def program(text: str, index: int = 0, problem: str = "p") -> dict[str, Any]:
    return {"problem_id": problem, "model": "m", "program_index": index, "program": text}


def test_judging_and_filtering_real_programs(run, write) -> None:
    problems = write(
        "problems",
        {**PROBLEM, "tests": [*PROBLEM["tests"], "assert f(3) == 9"], "wrong_tests": [2]},
    )
    programs = write("programs", program("def f(x): return x + 1"))
    judged = run("judge_programs", problems=problems, programs=programs)
    (verdict,) = read_table(judged.directory / "verdicts", Verdict)
    assert [str(outcome) for outcome in verdict.outcomes] == ["passed", "passed", "failed"]
    kept = run(
        "filter_tests", {"min_tests": 2}, problems=problems, verdicts=judged.directory / "verdicts"
    )
    (problem,) = read_table(kept.directory / "kept", Problem)
    assert problem.tests == tuple(PROBLEM["tests"])
    assert kept.report.details["known_wrong_tests"] == {
        "wrong_dropped": 1,
        "wrong_kept": 0,
        "right_dropped": 0,
        "right_kept": 2,
    }


def test_the_same_work_is_not_done_again_and_other_work_is(run, write) -> None:
    problems = write("problems", PROBLEM)
    programs = write("programs", program("def f(x): return x + 1"))
    first = run("judge_programs", problems=problems, programs=programs)
    again = run("judge_programs", {"num_workers": 1}, problems=problems, programs=programs)
    assert (first.reused, again.reused) == (False, True)
    assert again.stage_key == first.stage_key
    limits = {"sandbox": {"limits": {"test_cpu_s": 0.4}}}
    other = run("judge_programs", limits, problems=problems, programs=programs)
    assert other.stage_key != first.stage_key


def test_a_verdict_reached_is_not_reached_again(run, write, monkeypatch) -> None:
    problems = write("problems", PROBLEM)
    run("judge_programs", problems=problems, programs=write("one", program("def f(x): return 1")))
    seen: list[str] = []
    real = Sandbox.judge

    def watching(self, jobs):
        asked = list(jobs)
        seen.extend(text for job in asked for _, text in job.programs)
        return real(self, asked)

    monkeypatch.setattr(Sandbox, "judge", watching)
    more = write(
        "two",
        program("def f(x): return 1"),
        program("def f(x): return x + 1", 1),
        program("def f(x): return x + 1", 2),
    )
    result = run("judge_programs", problems=problems, programs=more)
    assert seen == ["def f(x): return x + 1"]  # the old one is known, the double judged once
    rates = [verdict.pass_rate for verdict in read_table(result.directory / "verdicts", Verdict)]
    assert rates == [0.0, 1.0, 1.0]


def test_a_broken_record_stops_the_stage_and_publishes_nothing(run, write, home: Home) -> None:
    problems = write("problems", PROBLEM)
    bad = write("programs", program("x"), {"problem_id": "p"})
    with pytest.raises(InputError, match=r"programs\.jsonl, line 2: field 'model'"):
        run("judge_programs", problems=problems, programs=bad)
    assert not list((home.root / "artifacts").rglob("records.jsonl"))


def test_a_program_of_an_unknown_problem_and_a_missing_input_are_named(run, write) -> None:
    problems = write("problems", PROBLEM)
    with pytest.raises(InputError, match="for a problem that is not there: other"):
        run("judge_programs", problems=problems, programs=write("x", program("x", 0, "other")))
    with pytest.raises(InputError, match=r"judge_programs, programs: .*gone\.jsonl: no such file"):
        run("judge_programs", problems=problems, programs=Path("gone.jsonl"))


def test_seeds_are_real_distinct_and_the_same_every_time(run) -> None:
    config = {"sources": ["package:statistics", "package:statistics"], "max_seeds": 5}
    result = run("collect_seeds", config)
    seeds = list(read_table(result.directory / "seeds", Seed))
    assert len(seeds) == len({seed.id for seed in seeds}) == 5
    assert result.report.metrics["duplicates"] >= 15
    assert all("statistics.py:" in seed.origin for seed in seeds)


def test_benchmark_text_does_not_become_a_seed(run, write) -> None:
    from acecoder.problem_sets import loading

    held_out = next(iter(loading.load("humaneval")))
    code = held_out.reference
    seeds = write(
        "seeds",
        {"id": "s", "code": code},
        {"id": "t", "code": "def other(x):\n    return [x, x, x, x]\n" + "# pad\n" * 20},
    )
    result = run("collect_seeds", {"sources": [f"jsonl:{seeds}"]})
    assert result.report.metrics["contaminated"] == 1
    assert [seed.id for seed in read_table(result.directory / "seeds", Seed)] == ["t"]


def test_a_training_problem_of_any_source_is_held_against_what_is_protected(run, write) -> None:
    words = "Write a function f that returns the number of the vowels that are in the given text s"
    taken = {**PROBLEM, "id": "taken", "question": f"{words}, please."}
    protected = write("protected", {**PROBLEM, "question": f"Hello. {words}."})
    one, other = (write(name, {**taken, "id": name}) for name in ("one", "other"))
    clean = write("clean", {**PROBLEM, "id": "clean"})
    config = {"sets": [str(other), str(clean)], "decontaminate_against": [str(protected)]}
    result = run("load_problems", config, synthesized=one)
    assert [p.id for p in read_table(result.directory / "problems", Problem)] == ["clean"]
    assert result.report.details["contaminated"] == ["one", "other"]


def test_a_stage_on_named_files_in_both_formats(tmp_path: Path, write, monkeypatch) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    problems = write("problems", {**PROBLEM, "note": "kept"})
    programs = write("programs", program("def f(x): return x + 1"))
    for out in ("verdicts.jsonl", "verdicts.parquet"):
        code = main(
            [
                "judge-programs",
                "--problems",
                str(problems),
                "--programs",
                str(programs),
                "--verdicts",
                str(tmp_path / out),
                "--set",
                "num_workers=1",
            ]
        )
        assert code == 0
    one, two = (list(read_table(tmp_path / f"verdicts.{s}", Verdict)) for s in ("jsonl", "parquet"))
    assert one == two and one[0].pass_rate == 1.0
    columns = pyarrow.parquet.read_schema(tmp_path / "verdicts.parquet").names
    assert {"program_id", "outcomes", "pass_rate"} <= set(columns)
    code = main(
        [
            "judge-programs",
            "--problems",
            str(problems),
            "--programs",
            str(programs),
            "--verdicts",
            str(tmp_path / "again"),
        ]
    )
    again = tmp_path / "again" / "records.jsonl"
    before = content_digest(tmp_path / "again")
    again.write_text(again.read_text().replace("passed", "failed").replace("1.0", "0.0"))
    assert content_digest(tmp_path / "again") != before  # its manifest is not taken at its word
    assert (
        code
        == main(
            [
                "judge-programs",
                "--problems",
                str(problems),
                "--programs",
                str(programs),
                "--verdicts",
                str(tmp_path / "again"),
            ]
        )
        == 0
    )
    assert next(read_table(again, Verdict)).pass_rate == 1.0


def test_the_command_line_says_what_is_wrong_and_exits_2(
    write, capsys, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    problems = write("problems", PROBLEM)
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"problem_id": "p"\n')
    files = ["--problems", str(problems), "--verdicts", str(tmp_path / "v.jsonl")]
    assert main(["judge-programs", *files, "--programs", str(bad)]) == 2
    assert f"{bad}, line 1, column 19: not valid JSON" in capsys.readouterr().err
    assert main(["judge-programs", *files, "--programs", str(bad), "--set", "wokers=1"]) == 2
    assert "unknown key 'wokers'" in capsys.readouterr().err
    assert (
        main(["judge-programs", *files, "--programs", str(bad), "--set", "sandbx.limits.x=1"]) == 2
    )
    assert "unknown key 'sandbx'" in capsys.readouterr().err
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.txt").write_text("mine")
    kept = ["--problems", str(problems), "--programs", str(bad), "--verdicts"]
    assert main(["judge-programs", *kept, str(taken)]) == 2
    assert "the directory is not empty" in capsys.readouterr().err
    assert main(["judge-programs", *kept, str(tmp_path / "v.csv")]) == 2
    assert "unknown kind of file '.csv'" in capsys.readouterr().err
    assert (taken / "thesis.txt").read_text() == "mine"
    assert main(["plan", "--profile", "none.toml"]) == 2
    assert "no profile 'none.toml'" in capsys.readouterr().err
    assert not (tmp_path / "v.jsonl").exists()


TINY = {"kind": "local", "source": "random:tiny", "batch_size": 4}


def test_a_killed_sampling_goes_on_where_it_stopped_with_the_same_programs(
    write, tmp_path: Path
) -> None:
    problems = write(
        "problems", *({**PROBLEM, "id": f"p{i}", "question": f"Question {i}"} for i in range(12))
    )
    config = {"model": TINY, "num_samples": 4, "max_tokens": 120, "temperature": 1.0}
    code = (
        "import json, sys; from pathlib import Path\n"
        "from acecoder.engine.home import Home; from acecoder.engine.runner import run_stage\n"
        "from acecoder.stages.sample_programs import sample_programs\n"
        "run_stage(sample_programs, step='s', table=json.loads(sys.argv[2]),\n"
        "          inputs={'problems': Path(sys.argv[3])}, home=Home(Path(sys.argv[1])))\n"
    )
    broken, unbroken = Home(tmp_path / "broken"), Home(tmp_path / "unbroken")
    command = [sys.executable, "-c", code, str(broken.root), json.dumps(config), str(problems)]
    victim = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "."})
    journal = broken.journal("answers", "programs")
    for _ in range(1200):
        if journal.exists() and journal.read_bytes().count(b"\n") >= 4:
            break
        time.sleep(0.05)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    paid = journal.read_bytes().split(b"\n")[:-1]
    assert len(paid) >= 4
    resumed, whole = (
        run_stage(sample_programs, step="s", table=config, inputs={"problems": problems}, home=home)
        for home in (broken, unbroken)
    )
    one, two = (list(read_table(r.directory / "programs", Program)) for r in (resumed, whole))
    assert one == two and len(one) == 48
    lines = journal.read_bytes().split(b"\n")[:-1]
    assert lines[: len(paid)] == paid  # nothing answered before was asked again
    assert len({json.loads(line)[0] for line in lines}) == len(lines) == 48


def test_greedy_and_sampled_programs_of_a_real_network(run, write) -> None:
    problems = write(
        "problems", PROBLEM, {**PROBLEM, "id": "q", "question": "Another one, longer."}
    )
    config = {"model": TINY, "num_samples": 2, "greedy": True, "max_tokens": 8, "temperature": 1.0}
    result = run("sample_programs", config, problems=problems)
    programs = list(read_table(result.directory / "programs", Program))
    kinds = [(p.problem_id, p.program_index, (p.model_extra or {})["decoding"]) for p in programs]
    assert kinds == [
        (name, i, "greedy" if i == 0 else "sampled") for name in ("p", "q") for i in range(3)
    ]


def test_code_that_a_stage_does_not_use_is_not_in_its_key() -> None:
    from acecoder.engine.identity import code_digest

    assert code_digest(frozenset({filter_tests.__module__})) != code_digest(
        frozenset({sample_programs.__module__})
    )
