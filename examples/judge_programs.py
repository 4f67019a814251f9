"""Judge programs that somebody else wrote: which tests pass, and why the first that does not fails."""

import acecoder

problem = acecoder.Problem(
    id="median",
    question="Write a function `median(numbers)`.",
    entry_point="median",
    tests=("assert median([3, 1, 2]) == 2", "assert median([4, 1, 2, 3]) == 2.5"),
)
programs = {
    "right": "from statistics import median",
    "wrong for even lengths": "def median(numbers):\n    return sorted(numbers)[len(numbers) // 2]",
    "reads a file": "def median(numbers):\n    return open('/etc/passwd').read()",
    "never ends": "def median(numbers):\n    while True: pass",
}
verdicts = acecoder.judge([problem], [("median", program) for program in programs.values()])
for name, verdict in zip(programs, verdicts, strict=True):
    print(f"{name:24} {verdict.pass_rate:.2f}  {verdict.reason}")
