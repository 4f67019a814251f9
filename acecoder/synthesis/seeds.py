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
from collections.abc import Iterator
from importlib import metadata, util
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from acecoder.engine.publishing import content_digest
from acecoder.engine.tables import read_table
from acecoder.errors import InputError, PlatformError
from acecoder.schema import Seed

PYTHON_LICENSE = "PSF-2.0"


def read_source(source: str, *, split: str) -> Iterator[Seed]:
    """Yield the seeds of one source.

    `package:NAME` (a module or package that can be imported; its source is read, not run),
    `tree:DIR` (a directory of Python files), `jsonl:FILE`, or `hub:OWNER/NAME` (a Hugging Face
    data set with a column `content`, `code` or `program`). Raises InputError, PlatformError.
    """
    kind, separator, name = source.partition(":")
    readers = {"package": _package, "tree": _tree, "jsonl": _table, "hub": _hub}
    if not separator or kind not in readers:
        raise InputError(
            f"unknown seed source '{source}'",
            where="collect_seeds.sources",
            remedy="package:NAME, tree:DIR, jsonl:FILE or hub:OWNER/NAME",
        )
    yield from readers[kind](name, split)


def source_version(source: str) -> str:
    """What changes when a source does: a package's version, a file's digest, a hub name."""
    kind, _, name = source.partition(":")
    if kind == "package":
        spec = _spec(name)
        return _provenance(name, Path(spec.origin))[0] if spec and spec.origin else "missing"
    if kind in ("jsonl", "tree"):
        return content_digest(Path(name))
    return source


def _package(name: str, _: str) -> Iterator[Seed]:
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


def _tree(directory: str, _: str) -> Iterator[Seed]:
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
        except (SyntaxError, ValueError, OSError):
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


def _table(path: str, _: str) -> Iterator[Seed]:
    yield from read_table(Path(path), Seed)


def _hub(name: str, split: str) -> Iterator[Seed]:
    import datasets

    try:
        rows: Any = datasets.load_dataset(name, split=split, streaming=True)
        for row in rows:
            seed = row_seed(row, f"hub:{name}")
            if seed is not None:
                yield seed
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise PlatformError(
            f"cannot read the data set: {str(error).splitlines()[0]}", where=f"hub:{name}"
        ) from error


def row_seed(row: dict[str, Any], origin: str) -> Seed | None:
    """A row of a code data set, or of an instruction data set whose answer holds a program.

    For `instruction`/`response` rows: the first closed Python fence that defines something
    (METHOD, M1); the instruction travels along.
    """
    license_ = str(row.get("license", ""))
    code = next((row[key] for key in ("content", "code", "program") if row.get(key)), "")
    if code:
        return make_seed(str(code), origin, license_) if without_prints(str(code)) else None
    fenced = re.search(r"```python\n(.*?)```", str(row.get("response", "")), re.DOTALL)
    if fenced is None or not re.search(r"\b(def|class) ", without_prints(fenced[1])):
        return None
    seed = make_seed(fenced[1], origin, license_)
    return Seed.model_validate(
        {**seed.model_dump(), "instruction": str(row.get("instruction", ""))}
    )


def make_seed(code: str, origin: str, license_: str) -> Seed:
    """A seed whose id is the digest of its code; lines that print are dropped."""
    kept = without_prints(code)
    digest = hashlib.sha256(kept.encode()).hexdigest()[:16]
    return Seed(id=f"seed/{digest}", code=kept, origin=origin, license=license_)


def without_prints(code: str) -> str:
    """The code without the lines that print (METHOD, M1)."""
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("print"))


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
