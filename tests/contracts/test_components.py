"""Components, stages, command line and profiles say the same."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from acecoder.components import _images
from acecoder.engine.contract import signature_of
from acecoder.pipelines.infra import Infra
from acecoder.stages import load_stage
from acecoder.stages import names as stage_names
from acecoder.verbs.options.help import keys_of

FILES = {path.stem for path in Path("acecoder/stages").glob("[a-z]*.py")}


def test_every_stage_has_a_component_and_a_verb() -> None:
    components = {path.stem for path in Path("components").glob("[a-z]*.py")}
    assert FILES == set(stage_names()) == components


@pytest.mark.parametrize("name", sorted(stage_names()))
def test_a_component_has_its_stages_signature(name: str) -> None:
    component = getattr(importlib.import_module(f"acecoder.components.{name}"), name)
    signature = signature_of(load_stage(name))
    spec = component.component_spec
    parameters = {"step", "config", "run_key"}
    assert set(spec.inputs) == parameters | set(signature.inputs)
    assert {n for n, s in spec.inputs.items() if s.optional} == signature.optional_inputs
    views = {"metrics", "summary", "page"} & set(spec.outputs)
    assert set(spec.outputs) == set(signature.outputs) | views
    assert {"metrics", "summary"} <= views
    assert all(spec.inputs[parameter].type == "String" for parameter in parameters)
    known = {value for key, value in vars(_images).items() if key.isupper()}
    assert spec.implementation.container.image in known


@pytest.mark.parametrize("name", sorted(stage_names()))
def test_a_component_takes_artifacts_as_a_real_backend_hands_them(
    name: str, tmp_path: Path
) -> None:
    """KFP's driver names no schema title for what another task made."""
    from kfp.dsl.executor import Executor

    component = getattr(importlib.import_module(f"acecoder.components.{name}"), name)
    artifacts = {
        each: {
            "artifacts": [{"name": "45", "type": {"instanceSchema": ""}, "uri": f"s3://b/{each}"}]
        }
        for each, spec in component.component_spec.inputs.items()
        if spec.type != "String"
    }
    executor = Executor(
        {"inputs": {"artifacts": artifacts}, "outputs": {"outputFile": str(tmp_path / "o.json")}},
        component.python_func,
    )
    assert {n: a.uri for n, a in executor.input_artifacts.items()} == {
        n: f"s3://b/{n}" for n in artifacts
    }


@pytest.mark.parametrize("name", sorted(stage_names()))
def test_a_component_is_a_thin_wrapper(name: str) -> None:
    text = Path(f"components/{name}.py").read_text()
    body = text[text.index("-> None:") :]
    assert len([line for line in body.splitlines() if line.strip()]) <= 22


@pytest.mark.parametrize("name", sorted(stage_names()))
def test_a_stage_and_its_config_carry_the_same_word(name: str) -> None:
    kind = signature_of(load_stage(name)).config
    assert kind.__name__ == "".join(part.title() for part in name.split("_")) + "Config"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom acecoder.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'kfp', 'mlflow', 'transformers', 'pydantic', 'pyarrow', 'numpy'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    assert "LOADED []" in run("-c", code).stdout


@pytest.mark.parametrize("name", sorted(stage_names()))
def test_a_stages_help_explains_every_key_and_loads_no_torch(name: str) -> None:
    code = (
        "import sys\nfrom acecoder.cli import main\n"
        f"try: main(['{name.replace('_', '-')}', '--help'])\nexcept SystemExit: pass\n"
        "print('LOADED', sorted({'torch', 'kfp', 'mlflow'} & set(sys.modules)))\n"
    )
    out = run("-c", code).stdout
    assert "LOADED []" in out
    for key, _ in keys_of(signature_of(load_stage(name)).config):
        assert f"  {key.name} (" in out
        assert key.text, f"{name}.{key.name} says nothing of itself"


def test_every_key_of_an_infra_file_says_what_it_is() -> None:
    assert [key.name for key, _ in keys_of(Infra) if not key.text] == []


def test_doctor_runs_before_anything_is_installed() -> None:
    done = run(
        "-I",
        "-S",
        "-c",
        "import sys; sys.path.insert(0, '.')\n"
        "from acecoder import doctor; doctor.main(['--before-install'])\n"
        "print('PYDANTIC', 'pydantic' in sys.modules)",
    )
    assert "sandbox namespace" in done.stdout
    assert "PYDANTIC False" in done.stdout


def test_the_shipped_problem_set_is_what_its_tasks_say() -> None:
    done = run("data/first_steps/build.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
