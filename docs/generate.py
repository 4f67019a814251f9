"""Writes what documents say of stages, flow, profiles and commands: `make docs`.

    python docs/generate.py [--check]

A document has pairs of markers, `<!-- generated: NAME -->` and `<!-- end -->`; what stands between
them is replaced. `docs/COMMANDS.md` and `docs/RECORDS.md` are generated as a whole.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ["COLUMNS"] = "100"

from pydantic.fields import FieldInfo  # noqa: E402

from acecoder import schema, stages, verbs  # noqa: E402
from acecoder.engine.contract import signature_of  # noqa: E402
from acecoder.pipelines import compiling, dags  # noqa: E402
from acecoder.profiles import SHIPPED, Profile  # noqa: E402
from acecoder.verbs.options.parsing import parser as _parser  # noqa: E402
from acecoder.verbs.options.stage import parser_of  # noqa: E402

DOCUMENTS = ("docs/GUIDES.md", "DESIGN.md")
MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


def stages_table() -> str:
    """One row per stage."""
    rows = [f"| `{name}` | {stages.summary_of(name)} |" for name in stages.names()]
    return "\n".join(["| stage | what it makes of what |", "|-|-|", *rows])


def flow() -> str:
    """The pipeline `acecoder` with the profile `local`, as it is compiled."""
    profile = Profile.load("local")
    ir = compiling.compiled(dags.build("acecoder", profile))
    steps, names = compiling.steps_of(ir), compiling.step_names(ir)
    after = {
        names[key]: [names[other] for other in task.get("dependentTasks", ())]
        for key, task in ir["root"]["dag"]["tasks"].items()
    }
    ids = {step.name: step.name.replace(".", "_") for step in steps}
    lines = [f'  {ids[step.name]}["{step.name}"]' for step in steps]
    for step in steps:
        for source, output in dict.fromkeys(step.inputs.values()):
            lines.append(f"  {ids[source]} -- {output} --> {ids[step.name]}")
        sources = {source for source, _ in step.inputs.values()}
        lines += [f"  {ids[o]} -.-> {ids[step.name]}" for o in after[step.name] if o not in sources]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def profiles() -> str:
    """One row per shipped profile: the first lines of its file."""
    rows = []
    for path in sorted(SHIPPED.glob("*.toml")):
        head: list[str] = []
        for line in path.read_text().splitlines():
            if not line.startswith("#"):
                break
            head.append(line.lstrip("# "))
        what = " ".join(head).partition(". ")[0].rstrip(".").replace("|", "/")
        rows.append(f"| `{path.stem}` | {what} |")
    return "\n".join(["| profile | what it is for |", "|-|-|", *rows])


BLOCKS: dict[str, Callable[[], str]] = {"stages": stages_table, "flow": flow, "profiles": profiles}


def commands() -> str:
    """The `--help` page of every verb and every stage."""
    parts = [
        "# Commands",
        "Written by `make docs` from the command line itself; do not edit.",
        *_page("acecoder", _parser().format_help()),
    ]
    for name in verbs.names():
        module = importlib.import_module(f"acecoder.verbs.{name}")
        word = name.replace("_", "-")
        parser = argparse.ArgumentParser(prog=f"acecoder {word}", description=module.HELP)
        module.add_arguments(parser)
        parts += _page(f"acecoder {word}", parser.format_help())
    for name in stages.names():
        parser = parser_of(name, signature_of(stages.load_stage(name)))
        parts += _page(f"acecoder {name.replace('_', '-')}", parser.format_help())
    return "\n\n".join(parts) + "\n"


RECORDS = ("Seed", "Problem", "Program", "Verdict", "Pair", "Score")


def records() -> str:
    """The fields of every record, and of the kinds of tests."""
    parts = [
        "# Records",
        "The rows of tables that stages exchange, JSONL or Parquet. Written by `make docs` from "
        "`acecoder/schema.py`; do not edit. `acecoder schema problem` prints the JSON Schema. Unknown fields "
        "are kept and passed on.",
    ]
    kinds = ("StdinTest", "CallTest", "UnittestTest")
    for name in (*RECORDS, *kinds):
        record = getattr(schema, name)
        parts += [f"## {name}", (record.__doc__ or "").strip().splitlines()[0]]
        rows = [
            f"| `{key}` | {_type(field.annotation)} | {_default(field)} | {_one_line(field.description)} |"
            for key, field in record.model_fields.items()
        ]
        parts.append("\n".join(["| field | type | default | |", "|-|-|-|-|", *rows]))
    return "\n\n".join(parts) + "\n"


def _type(annotation: object) -> str:
    text = getattr(annotation, "__name__", "") if isinstance(annotation, type) else str(annotation)
    text = re.sub(r"(typing|acecoder\.schema|annotated_types)\.", "", text or str(annotation))
    text = re.sub(r"Annotated\[(.+?), BeforeValidator\([^)]*\)\]", r"\1", text)
    return (
        f"`{text}`".replace("|", "\\|") if len(text) < 60 else "a test: text, or one of those below"
    )


def _default(field: FieldInfo) -> str:
    return "**required**" if field.is_required() else f"`{field.default!r}`".replace("|", "\\|")


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _page(title: str, text: str) -> Iterator[str]:
    yield f"## {title}"
    yield f"```\n{text.rstrip()}\n```"


def wanted() -> dict[Path, str]:
    """Every document as it should be."""
    found = {ROOT / "docs" / "COMMANDS.md": commands(), ROOT / "docs" / "RECORDS.md": records()}
    for name in DOCUMENTS:
        text = (ROOT / name).read_text()
        found[ROOT / name] = MARKED.sub(lambda m: f"{m[1]}{BLOCKS[m[2]]()}{m[3]}", text)
    return found


def main(arguments: list[str]) -> int:
    """Write the documents, or with `--check` say which have drifted."""
    stale = [p for p, text in wanted().items() if not p.exists() or p.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} has drifted from the code: make docs\n")
        return 1 if stale else 0
    for path, text in wanted().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
