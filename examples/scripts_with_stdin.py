"""Programs that read standard input, as in contests; numbers are compared with a tolerance."""

import acecoder

problem = {
    "id": "mean",
    "question": "Read numbers, one a line, and print their mean.",
    "tests": [
        {"kind": "stdin", "input": "1\n2\n", "output": "1.5\n"},
        {"kind": "stdin", "input": "1\n1\n2\n", "output": "1.3333333333\n"},
    ],
}
program = (
    "import sys\nnumbers = [float(line) for line in sys.stdin]\nprint(sum(numbers) / len(numbers))"
)
(verdict,) = acecoder.judge([problem], [("mean", program)])
print([outcome.value for outcome in verdict.outcomes])
