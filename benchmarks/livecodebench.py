"""Verdicts on LiveCodeBench's sample tests beside those of its own evaluator.

    git clone https://github.com/LiveCodeBench/LiveCodeBench
    PYTHONPATH=. .venv/bin/python benchmarks/livecodebench.py \\
        --evaluator LiveCodeBench/lcb_runner/evaluation/testing_util.py --data FILE.jsonl.gz

There are no reference programs, so programs are made of the sample tests: one that looks the answers up, and
others that answer in another form, wrongly, late in the program's life, or not at all. They show whether
the rules of comparison and of running agree; hidden tests are not needed for that. Prints how many
verdicts differ, by kind of program.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import multiprocessing
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder.problem_sets import loading
from acecoder.sandbox.contract import Job, SandboxConfig
from acecoder.sandbox.opening import open_sandbox
from acecoder.schema import Outcome

WORKERS = 2
TIMEOUT_S = 6
NUMBER = re.compile(r"(?<![\w.])-?\d+(?![\w.])")
STDOUT: dict[str, Callable[[str], str]] = {
    "right": lambda text: text,
    "spaces at the ends of lines": lambda text: text.replace("\n", "  \n") + "  ",
    "blank lines around": lambda text: f"\n\n{text}\n\n",
    "a blank line within": lambda text: (
        text.replace("\n", "\n\n", 1) if "\n" in text else text + "\n\n1"
    ),
    "two spaces between words": lambda text: text.replace(" ", "  "),
    "integers with .0": lambda text: NUMBER.sub(lambda m: f"{m[0]}.0", text),
    "numbers a millionth more": lambda text: NUMBER.sub(lambda m: f"{m[0]}.000001", text),
    "a plus before numbers": lambda text: NUMBER.sub(
        lambda m: m[0] if m[0][0] == "-" else f"+{m[0]}", text
    ),
    "other case": lambda text: text.swapcase(),
    "the last line missing": lambda text: text.rpartition("\n")[0],
    "another last character": lambda text: text[:-1] + ("1" if text[-1:] != "1" else "2"),
    "a line more": lambda text: f"{text}\n0",
    "nothing": lambda text: "",
}
"""What a program prints, of what is expected."""
ENDINGS = {
    "ends with exit(0)": "exit(0)",
    "ends with sys.exit(1)": "sys.exit(1)",
    "raises after the answer": "raise ValueError('late')",
}
CALLS = {
    "right": "return found",
    "a tuple for a list": "return tuple(found) if isinstance(found, list) else found",
    "tuples within": "return [tuple(x) if isinstance(x, list) else x for x in found] if isinstance(found, list) else found",
    "floats": "return float(found) if isinstance(found, int) else [float(x) if isinstance(x, int) else x for x in found] if isinstance(found, list) else found",
    "a little more": "return found + 1e-9 if isinstance(found, (int, float)) else found",
    "as a text": "return str(found)",
    "wrapped in a list": "return [found]",
    "sorted the other way": "return found[::-1] if isinstance(found, list) else found",
    "None": "return None",
    "raises": "raise KeyError(1)",
    "ends the process": "import sys; sys.exit(0)",
    "changes its argument": "given[0].append(1) if isinstance(given[0], list) else 0; return found",
}
"""What the method does with the answer that it looked up."""


@dataclass(frozen=True)
class Item:
    """One program for one question."""

    question: str
    kind: str
    text: str


def cases(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The sample tests of a question."""
    public = row["public_test_cases"]
    return list(json.loads(public) if isinstance(public, str) else public)


def function(row: dict[str, Any]) -> str:
    """The method that is called; empty where programs read standard input."""
    metadata = row.get("metadata") or {}
    table = json.loads(metadata) if isinstance(metadata, str) else metadata
    return str(table.get("func_name") or "")


def programs(row: dict[str, Any]) -> Iterator[Item]:
    """Of every kind."""
    tests, name = cases(row), function(row)
    if tests and tests[0]["testtype"] == "functional":
        table = {
            json.dumps([json.loads(x) for x in t["input"].split("\n")]): json.loads(t["output"])
            for t in tests
        }
        for kind, does in CALLS.items():
            text = f"import json\nFOUND = json.loads({json.dumps(table)!r})\nclass Solution:\n    def {name}(self, *given):\n        found = FOUND[json.dumps(list(given))]\n        {does}\n"
            yield Item(row["question_id"], f"call: {kind}", text)
        return
    for kind, form in STDOUT.items():
        yield Item(row["question_id"], f"script: {kind}", _script(tests, form))
    for kind, ending in ENDINGS.items():
        yield Item(row["question_id"], f"script: {kind}", _script(tests, STDOUT["right"], ending))


def _script(tests: list[dict[str, Any]], form: Callable[[str], str], ending: str = "") -> str:
    table = {t["input"].strip(): form(t["output"]) for t in tests}
    return f"import sys\nFOUND = {table!r}\nsys.stdout.write(FOUND[sys.stdin.read().strip()])\n{ending}\n"


def theirs(given: tuple[str, str, str]) -> bool:
    """The evaluator's verdict; in a process of its own, which its guard spoils."""
    evaluator, sample, text = given
    spec = importlib.util.spec_from_file_location("testing_util", evaluator)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        results, _ = module.run_test({"input_output": sample}, test=text, timeout=TIMEOUT_S)
    except BaseException:  # whatever a program does to it, it did not pass
        return False
    return bool(results) and all(each > 0 for each in results)  # True, or the code of a fault


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluator", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="every n-th question alone")
    options = parser.parse_args()
    with gzip.open(options.data, "rt") as lines:
        rows = [row for row in map(json.loads, lines) if cases(row)][:: options.every]
    items = [item for row in rows for item in programs(row)]
    samples = {
        row["question_id"]: json.dumps(
            {
                "inputs": [t["input"] for t in cases(row)],
                "outputs": [t["output"] for t in cases(row)],
                "fn_name": function(row) or None,
            }
        )
        for row in rows
    }
    problems = {p.id: p for p in loading.load("livecodebench", data=options.data)}
    by_question: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for index, item in enumerate(items):
        by_question[str(item.question)].append((str(index), item.text))
    jobs = (
        Job(
            p.id,
            p.tests,
            tuple((key, p.preamble + text) for key, text in own),
            p.entry_point or "",
            limits=p.limits,
        )
        for p, own in ((problems[q], own) for q, own in by_question.items())
    )
    ours = [False] * len(items)
    with open_sandbox(SandboxConfig(), num_workers=WORKERS) as sandbox:
        for judged in sandbox.judge(jobs):
            ours[int(judged.key)] = set(judged.outcomes) == {Outcome.PASSED}
    asked = [(options.evaluator, samples[item.question], item.text) for item in items]
    with multiprocessing.get_context("fork").Pool(WORKERS, maxtasksperchild=1) as pool:
        other = pool.map(theirs, asked, chunksize=1)
    counts, differ = Counter(item.kind for item in items), defaultdict(list)
    passed = Counter(item.kind for item, found in zip(items, other, strict=True) if found)
    for item, a, b in zip(items, ours, other, strict=True):
        if a != b:
            differ[item.kind, a].append(str(item.question))
    print(
        f"{len(rows)} questions, {len(items)} programs, {sum(map(len, differ.values()))} verdicts differ"
    )
    print("| program | count | pass with its evaluator | differ |\n|-|-|-|-|")
    for kind, count in counts.items():
        told = [
            f"{len(ids)} ({'only ours passes' if a else 'only theirs passes'}: {', '.join(ids[:3])})"
            for (k, a), ids in differ.items()
            if k == kind
        ]
        print(f"| {kind} | {count} | {passed[kind]} | {'; '.join(told)} |")


if __name__ == "__main__":
    main()
