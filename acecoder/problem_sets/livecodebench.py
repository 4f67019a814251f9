"""LiveCodeBench: questions of contests, of any release or window of dates.

`livecodebench` is release v4, which the paper uses; `livecodebench/v6` another one, and
`livecodebench/2024-08-01..2025-02-01` the questions of a window of contest dates. Tests feed standard
input, or call a method of `Solution`. Hidden tests are packed with pickle; it is read by a parser that
makes nothing but texts.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data, Hub, Row, Source, reaching
from acecoder.sandbox.worker import arguments
from acecoder.schema import CallTest, Problem, StdinTest, Test

REPOSITORY = "livecodebench/code_generation_lite"
HUB = Hub(REPOSITORY)
DEFAULT_RELEASE = "v4"
RELEASES = ("v1", "v2", "v3", "v4", "v5", "v6")
WINDOW = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
PREAMBLE = (
    "from string import *\nfrom re import *\nfrom datetime import *\nfrom collections import *\n"
    "from heapq import *\nfrom bisect import *\nfrom copy import *\nfrom math import *\n"
    "from random import *\nfrom statistics import *\nfrom itertools import *\n"
    "from functools import *\nfrom operator import *\nfrom io import *\nfrom sys import *\n"
    "from json import *\nfrom builtins import *\nfrom typing import *\nimport string\nimport re\n"
    "import datetime\nimport collections\nimport heapq\nimport bisect\nimport copy\nimport math\n"
    "import random\nimport statistics\nimport itertools\nimport functools\nimport operator\n"
    "import io\nimport sys\nimport json\nsys.setrecursionlimit(50000)\n"
)
"""The modules and names that its evaluator imports before every program."""
ASKS_STDIN = "Read the inputs from stdin, solve the problem and write the answer to stdout."
ASKS_METHOD = "Use the following starter code to write the solution to the problem."


def _load(part: str, data: Data) -> Iterator[Problem]:
    window = WINDOW.fullmatch(part)
    for source in _sources(part, data):
        for problem in source.problems(_problem):
            date = (problem.model_extra or {})["contest_date"]
            if window is None or window[1] <= date < window[2]:
                yield problem


def _sources(part: str, data: Data) -> list[Source]:
    """A file, or the files that make up a release (the last one for a window)."""
    if isinstance(data, Path):
        return [Source(HUB, data)]
    revision = data.commit if data is not None else None
    return [Source(HUB, _downloaded(file, revision)) for file in _files(part)]


def _files(part: str) -> list[str]:
    release = RELEASES[-1] if WINDOW.fullmatch(part) else part or DEFAULT_RELEASE
    count = RELEASES.index(release) + 1
    return [f"test{number if number > 1 else ''}.jsonl" for number in range(1, count + 1)]


def _downloaded(file: str, revision: str | None) -> Path:
    with reaching(f"{REPOSITORY}/{file}"):
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(REPOSITORY, file, repo_type="dataset", revision=revision))


def _problem(row: Row) -> Problem:
    function = _json(row.get("metadata") or "{}").get("func_name", "")
    public, hidden = _json(row["public_test_cases"]), _hidden(row.get("private_test_cases"))
    tests = tuple(_test(each, function) for each in (*public, *hidden))
    starter = row.get("starter_code") or ""
    asked = f"{ASKS_METHOD}\n```python\n{starter.rstrip()}\n```" if starter else ASKS_STDIN
    return Problem.model_validate(
        {
            "id": str(row["question_id"]),
            "question": f"{row['question_content'].strip()}\n\n{asked}",
            "tests": tests,
            "entry_point": f"Solution().{function}" if starter else None,
            "source": "livecodebench",
            "preamble": PREAMBLE,
            "limits": "livecodebench",
            "contest_date": str(row.get("contest_date", ""))[:10],
            "difficulty": row.get("difficulty", ""),
        }
    )


def _test(case: dict[str, Any], function: str) -> Test:
    if case.get("testtype") != "functional":
        return StdinTest(
            kind="stdin", input=case["input"], output=case["output"], compare="decimals"
        )
    given = [json.loads(line) for line in case["input"].split("\n") if line.strip()]
    return CallTest(
        kind="call",
        arguments=arguments.written(given),
        expected=arguments.written([json.loads(case["output"])]),
        oracle="equal_as_list",
    )


def _hidden(packed: Any) -> list[dict[str, Any]]:
    """The hidden tests: JSON, or a pickled text of JSON, compressed, in base 64."""
    if not packed:
        return []
    try:
        return list(json.loads(packed))
    except ValueError:
        found = _Texts(io.BytesIO(zlib.decompress(base64.b64decode(packed)))).load()
        return list(json.loads(found))


class _Texts(pickle.Unpickler):
    """Makes texts, and no object of any class."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"a hidden test holds a {module}.{name}, and no text")


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _digest(part: str, data: Data) -> str:
    digests = " ".join(source.digest() for source in _sources(part, data))
    return f"{part} {digests}".strip()


SET = ProblemSet(_load, _digest, parts=("", *RELEASES), part_form=WINDOW, hub=REPOSITORY)
