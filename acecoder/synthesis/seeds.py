"""Real code to imagine questions from: functions of installed packages, JSONL, the hub.

Every seed keeps where it came from and under which licence. Lines that print are dropped (METHOD, M1);
so are duplicates and benchmark problems.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from importlib import metadata, util
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from acecoder.answers.blocks import blocks_of, tidied
from acecoder.answers.names import read_code
from acecoder.engine.publishing import content_digest
from acecoder.engine.rejects import Rejects
from acecoder.engine.tables import each_row, record_of
from acecoder.errors import InputError, PlatformError
from acecoder.schema import Seed

PYTHON_LICENSE = "PSF-2.0"


Fields = Mapping[str, str]


def read_source(
    source: str, *, split: str, fields: Fields | None = None, rejects: Rejects | None = None
) -> Iterator[Seed]:
    """Yield the seeds of one source.

    `package:NAME` (a module or package that can be imported; its source is read, not run),
    `tree:DIR` (a directory of Python files), `jsonl:FILE` (seeds, or rows of a data set; Parquet
    too), or `hub:OWNER/NAME[@REVISION]` (a Hugging Face data set). `fields` names the columns of rows (see
    `row_seed`); rows that give no seed are added to `rejects`. Raises InputError, PlatformError.
    """
    kind, separator, name = source.partition(":")
    readers = {"package": _package, "tree": _tree, "jsonl": _table, "hub": _hub}
    if not separator or kind not in readers:
        raise InputError(
            f"unknown seed source '{source}'",
            where="collect_seeds.sources",
            remedy="package:NAME, tree:DIR, jsonl:FILE or hub:OWNER/NAME",
        )
    yield from readers[kind](
        name, split, fields or {}, rejects if rejects is not None else Rejects()
    )


def source_version(source: str) -> str:
    """What changes when a source does: a package's version, a file's digest, a hub name."""
    kind, _, name = source.partition(":")
    if kind == "package":
        spec = _spec(name)
        return _provenance(name, Path(spec.origin))[0] if spec and spec.origin else "missing"
    if kind in ("jsonl", "tree"):
        return content_digest(Path(name))
    return source


def _package(name: str, _: str, fields: Fields, rejects: Rejects) -> Iterator[Seed]:
    spec = _spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise InputError(
            f"no Python source of '{name}' is installed", where="collect_seeds.sources"
        )
    files = [Path(spec.origin)]
    if spec.submodule_search_locations:
        files = sorted(Path(spec.origin).parent.rglob("*.py"))
    version, license_ = _provenance(name, Path(spec.origin))
    yield from _functions(files, f"package:{name}=={version}", license_)


def _spec(name: str) -> ModuleSpec | None:
    try:
        return util.find_spec(name)
    except ModuleNotFoundError:  # the parent of a dotted name
        return None


def _provenance(name: str, origin: Path) -> tuple[str, str]:
    if origin.is_relative_to(sysconfig.get_path("stdlib")) and "site-packages" not in str(origin):
        return f"{sys.version_info.major}.{sys.version_info.minor}", PYTHON_LICENSE
    distributions = metadata.packages_distributions().get(name.split(".")[0], [])
    if not distributions:
        return "unknown", ""
    about = metadata.metadata(distributions[0])
    license_ = about["License-Expression"] or about["License"] or ""
    return about["Version"], license_.splitlines()[0] if license_ else ""


def _tree(directory: str, _: str, fields: Fields, rejects: Rejects) -> Iterator[Seed]:
    root = Path(directory)
    if not root.is_dir():
        raise InputError("no such directory", where=directory)
    yield from _functions(sorted(root.rglob("*.py")), f"tree:{root.name}", "")


def _functions(files: list[Path], origin: str, license_: str) -> Iterator[Seed]:
    """Every top-level function with a docstring or a return, as source text."""
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            tree = ast.parse(text)
        except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
            continue  # a package may ship files of another Python version
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and _is_pure_enough(node):
                code = ast.get_source_segment(text, node) or ""
                yield make_seed(code, f"{origin} {file.name}:{node.name}", license_)


def _is_pure_enough(node: ast.FunctionDef) -> bool:
    """A function of its arguments that returns something and is no test or private wiring."""
    returns = any(isinstance(part, ast.Return) and part.value for part in ast.walk(node))
    private = node.name.startswith(("__", "test"))
    return returns and not private and bool(node.args.args) and not node.decorator_list


def _table(path: str, _: str, fields: Fields, rejects: Rejects) -> Iterator[Seed]:
    """A table of seeds, or of rows of a code data set."""
    for where, row in each_row(Path(path)):
        if isinstance(row, InputError):
            rejects.add(row.what, row.where)
        elif not fields and {"id", "code"} <= row.keys():
            try:
                yield record_of(row, Seed, where=where)
            except InputError as fault:
                rejects.add(fault.what, where)
        else:
            yield from _seed_of(row, f"jsonl:{Path(path).name}", where, fields, rejects)


def _seed_of(
    row: Mapping[str, Any], origin: str, where: str, fields: Fields, rejects: Rejects
) -> Iterator[Seed]:
    seed = row_seed(row, origin, fields)
    if isinstance(seed, NoSeed):
        rejects.add(f"{seed.value} (columns: {', '.join(sorted(row)[:12])})", where)
    else:
        yield seed


def _hub(name: str, split: str, fields: Fields, rejects: Rejects) -> Iterator[Seed]:
    import datasets

    repository, _, revision = name.partition("@")
    try:
        rows: Any = datasets.load_dataset(
            repository, split=split, revision=revision or None, streaming=True
        )
        for number, row in enumerate(rows):
            yield from _seed_of(row, f"hub:{name}", f"hub:{name}, row {number}", fields, rejects)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise PlatformError(
            f"cannot read the data set: {str(error).splitlines()[0]}", where=f"hub:{name}"
        ) from error


class NoSeed(StrEnum):
    """Why a row of a data set gives no seed."""

    NO_CODE = "no column holds code or an answer"
    NO_PROGRAM = "its answer holds no Python that defines something"
    EMPTY = "nothing is left of its code without prints"


CODE_FIELDS = ("content", "code", "program", "solution", "text", "func", "whole_func_string")
ANSWER_FIELDS = ("response", "output", "answer", "completion", "messages", "conversations")
INSTRUCTION_FIELDS = ("instruction", "question", "prompt", "problem", "query")


def row_seed(
    row: Mapping[str, Any], origin: str, fields: Mapping[str, str] | None = None
) -> Seed | NoSeed:
    """A row of a code data set, or of an instruction data set whose answer holds a program.

    Of answers it is the program of the last Python fence that defines something (METHOD, M1); the
    instruction travels along. `fields` names the columns: `code`, `answer`, `instruction`, `license`.
    """
    named = fields or {}
    license_ = _field(row, named.get("license", "license"))
    code = _first(row, named, "code", CODE_FIELDS)
    if code and not _is_answer(code):
        return make_seed(code, origin, license_) if without_prints(code).strip() else NoSeed.EMPTY
    answer = code or _first(row, named, "answer", ANSWER_FIELDS)
    if not answer:
        return NoSeed.NO_CODE
    program = fenced_program(answer)
    if not program:
        return NoSeed.NO_PROGRAM
    seed = make_seed(program, origin, license_)
    instruction = _first(row, named, "instruction", INSTRUCTION_FIELDS)
    return Seed.model_validate({**seed.model_dump(), "instruction": instruction})


def _is_answer(text: str) -> bool:
    """A `text` may be code, or prose with code in it."""
    return bool(blocks_of(text)) and read_code(text) is None


def fenced_program(answer: str) -> str:
    """The last fenced Python that defines a function or a class; empty for none."""
    found = (block.source for block in blocks_of(tidied(answer)) if block.is_python)
    codes = [code for code in map(read_code, found) if code is not None and code.has_definitions]
    return codes[-1].source.strip("\n") if codes else ""


def _first(
    row: Mapping[str, Any], named: Mapping[str, str], what: str, usual: Sequence[str]
) -> str:
    names = (named[what],) if what in named else usual
    return next((text for name in names if (text := _field(row, name)).strip()), "")


def _field(row: Mapping[str, Any], name: str) -> str:
    """A column's text; of a conversation, what the assistant said last."""
    value = row.get(name)
    if isinstance(value, list):
        said = [turn for turn in value if isinstance(turn, Mapping)]
        own = [
            turn
            for turn in said
            if str(turn.get("role") or turn.get("from")) in ("assistant", "gpt")
        ]
        value = (own[-1].get("content") or own[-1].get("value")) if own else ""
    return value if isinstance(value, str) else ""


def make_seed(code: str, origin: str, license_: str) -> Seed:
    """A seed whose id is the digest of its code; lines that print are dropped."""
    kept = without_prints(code)
    digest = hashlib.sha256(kept.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Seed(id=f"seed/{digest}", code=kept, origin=origin, license=license_)


def without_prints(code: str) -> str:
    """The code without the statements that print (METHOD, M1), still Python where it was.

    Where nothing else would be left in a block there is a `pass`; what is no Python loses the lines
    that begin with print.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "\n".join(line for line in code.splitlines() if not line.strip().startswith("print"))
    lines: list[bytes | None] = list(code.encode("utf-8", "surrogatepass").split(b"\n"))
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                _drop_prints(block, lines, top=isinstance(node, ast.Module))
    kept = b"\n".join(line for line in lines if line is not None)
    return kept.decode("utf-8", "surrogatepass")


def _drop_prints(block: list[ast.stmt], lines: list[bytes | None], *, top: bool) -> None:
    """Blank the prints of one block of statements."""
    prints = [node for node in block if _is_print(node)]
    spare = prints[:1] if len(prints) == len(block) and not top else []
    for node in prints:
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        before, after = (
            (lines[first] or b"")[: node.col_offset],
            (lines[last] or b"")[node.end_col_offset :],
        )
        shared = before.strip() or after.split(b"#")[0].strip()
        for number in range(first, last + 1):
            lines[number] = None
        if node in spare or shared:
            lines[first] = before + b"pass" + after


def _is_print(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "print"
    )


def normalized(code: str) -> str:
    """Code without comments, docstrings, layout: equal for seeds that differ in those alone."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return re.sub(r"\s+", " ", code).strip()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
