"""The command line in the first hour: what was meant, what there is, what fields are called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from acecoder.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "home"


def test_a_verb_that_is_none_says_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["juge-programs"]) == 2
    assert "did you mean judge-programs" in capsys.readouterr().err
    assert main(["xyzzy"]) == 2
    assert "acecoder --help lists them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["plan", "--profiel", "smoke"], "--profile"),
        (
            ["judge-programs", "--problems", "p", "--programs", "c", "--verdicts", "v", "--trak"],
            "--track",
        ),
    ],
)
def test_an_option_that_is_none_says_what_was_meant(
    given: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    assert f"did you mean {meant}" in capsys.readouterr().err


def test_an_unknown_profile_is_said_without_importing_kfp() -> None:
    code = (
        "import sys; from acecoder.cli import main; status = main(['plan', '--profile', 'nope'])\n"
        "assert status == 2 and 'kfp' not in sys.modules and 'mlflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no profile 'nope'" in done.stderr and "smoke" in done.stderr


@pytest.mark.parametrize("verb", ["train-policy", "train-reward-model", "judge-programs", "run"])
def test_help_imports_nothing_heavy(verb: str) -> None:
    code = (
        "import sys, contextlib; from acecoder.cli import main\n"
        f"with contextlib.suppress(SystemExit): main(['{verb}', '--help'])\n"
        "print([m for m in ('torch', 'transformers', 'openai', 'mlflow', 'kfp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout[-200:] + done.stderr


def test_the_schema_of_a_record_is_what_validates_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "program"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["required"]) == {"problem_id", "model", "program_index", "program"}


def test_every_missing_field_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problems, programs = tmp_path / "p.jsonl", tmp_path / "c.jsonl"
    problems.write_text('{"id": "a", "question": "q", "tests": ["assert f() == 1"]}\n')
    programs.write_text('{"problem_id": "a"}\n')
    given = [
        "--problems",
        str(problems),
        "--programs",
        str(programs),
        "--verdicts",
        str(tmp_path / "v"),
    ]
    assert main(["judge-programs", *given]) == 2
    said = capsys.readouterr().err
    assert "field 'model' (and program_index, program) of this program" in said
    assert "`acecoder schema program`" in said


def test_a_folder_to_start_from_plans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine"
    assert main(["init", str(folder)]) == 0
    assert "acecoder run --profile profile.toml" in capsys.readouterr().out
    assert main(["plan", "--profile", str(folder / "profile.toml"), "--diff"]) == 0
    said = capsys.readouterr().out
    assert "0 of 24 steps are done" in said and "model.source = random:tiny" in said
    assert main(["init", str(folder)]) == 2
    assert "not empty" in capsys.readouterr().err


def test_profiles_are_listed_with_what_each_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("smoke ") and "tiny random model" in line for line in lines)


def test_a_shell_completes_verbs_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "words"]) == 0
    words = capsys.readouterr().out.split()
    assert {"run", "judge-programs", "completion"} <= set(words)
    assert main(["completion", "words", "judge-programs"]) == 0
    assert "--verdicts" in capsys.readouterr().out.split()
    assert main(["completion", "words", "plan"]) == 0
    assert "--diff" in capsys.readouterr().out.split()
    script = subprocess.run(
        ["bash", "-c", 'source <(python3 -m acecoder completion bash) && complete -p acecoder'],
        capture_output=True, text=True, env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
    )  # fmt: skip
    assert "_acecoder" in script.stdout, script.stderr


def test_a_run_that_is_none_is_said_with_those_there_are(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "runs" / "abc123" / "steps").mkdir(parents=True)
    assert main(["show", "nope"]) == 2
    assert "no run 'nope' (known: abc123)" in capsys.readouterr().err
