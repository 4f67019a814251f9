"""Writes the KFP components from the signatures of the stages: `make components`.

python -m acecoder.components._generate [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from acecoder import stages
from acecoder.cluster.launch import Trains
from acecoder.config import Config
from acecoder.engine.contract import Signature, signature_of
from acecoder.llm.model import UsesModel
from acecoder.reward.scoring import ScoresPrograms

HERE = Path(__file__).parent.resolve()
HEAD = '''"""KFP component of the stage {name}. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import {kinds}

from acecoder.components._images import {image}


@dsl.component(base_image={image}, install_kfp_package=False)
def {name}(
    step: str,
    config: str,
    run_key: str,
{parameters}
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "{name}",
        step=step,
        config=config,
        run_key=run_key,
        inputs={inputs},
        outputs={outputs},
        views={{"summary": summary.path, "page": page.path}},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
'''


def source_of(signature: Signature) -> str:
    """The component of a stage, as Python source in the formatter's form."""

    def kind(name: str) -> str:
        return "Model" if name in signature.models else "Dataset"

    required = [name for name in signature.inputs if name not in signature.optional_inputs]
    optional = [name for name in signature.inputs if name in signature.optional_inputs]
    lines = [f"{name}: Input[{kind(name)}]," for name in required]
    lines += [f"{name}: Output[{kind(name)}]," for name in signature.outputs]
    lines += ["metrics: Output[Metrics],", "summary: Output[Markdown],", "page: Output[HTML],"]
    lines += [f"{name}: Input[{kind(name)}] = None," for name in optional]
    used = {"HTML", "Markdown", "Metrics", "Output"} | {kind(n) for n in signature.outputs}
    used |= {kind(n) for n in signature.inputs} | ({"Input"} if signature.inputs else set())
    paths = {name: f"{name}.path" for name in required}
    paths |= {name: f"{name}.path if {name} else None" for name in optional}
    return HEAD.format(
        name=signature.name,
        image="TRAIN" if needs_torch(signature.config) else "CPU",
        kinds=", ".join(sorted(used, key=lambda each: (each != "HTML", each))),
        parameters="\n".join(f"    {line}" for line in lines),
        inputs=_literal({name: paths[name] for name in signature.inputs}),
        outputs=_literal({name: f"{name}.path" for name in signature.outputs}),
    )


def needs_torch(config: type[Config]) -> bool:
    """Whether a stage may run a model in its own process."""
    return issubclass(config, (UsesModel, Trains, ScoresPrograms))


def _literal(entries: dict[str, str]) -> str:
    """A dict of expressions as the formatter writes it."""
    parts = [f'"{name}": {value}' for name, value in entries.items()]
    line = "{" + ", ".join(parts) + "}"
    if len(line) + len("        outputs=,") <= 100:
        return line
    return "{\n" + "".join(f"            {part},\n" for part in parts) + "        }"


def main(arguments: list[str]) -> int:
    """Write the components, or with `--check` say which are not what they should be."""
    wanted = {}
    for name in stages.names():
        wanted[HERE / f"{name}.py"] = source_of(signature_of(stages.load_stage(name)))
    present = set(HERE.glob("[a-z]*.py"))
    stale = [p for p in wanted if not p.exists() or p.read_text() != wanted[p]]
    stale += sorted(present - wanted.keys())
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path} is not what its stage says: make components\n")
        return 1 if stale else 0
    for path in present - wanted.keys():
        path.unlink()
    for path, source in wanted.items():
        path.write_text(source)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
