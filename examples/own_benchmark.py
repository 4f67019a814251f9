"""A benchmark of your own: a JSONL file of problems is a name like any other."""

import json
import tempfile
from pathlib import Path

import acecoder

rows = [
    {
        "id": "double",
        "question": "`double(x)`",
        "entry_point": "double",
        "tests": ["assert double(2) == 4"],
    },
    {
        "id": "half",
        "question": "`half(x)`",
        "entry_point": "half",
        "tests": ["assert half(2) == 1"],
    },
]
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    samples = [("double", "def double(x): return 2 * x"), ("half", "def half(x): return x")]
    result = acecoder.evaluate(str(file), samples)
print(result.score("average").value)
