"""Which sandbox judges, and within which limits. `gvisor` needs runsc, `pool` a cluster."""

import acecoder
from acecoder.sandbox.contract import Limits

limits = Limits(test_cpu_s=0.2, memory_bytes=256 * 2**20)
sandbox = acecoder.SandboxConfig(backend="namespace", packages=(), limits=limits)
problem = {"id": "f", "question": "f() gives 1.", "entry_point": "f", "tests": ["assert f() == 1"]}
programs = {
    "small": "def f():\n    return 1",
    "a gigabyte": "def f():\n    return len(bytearray(2**30)) // 2**30",
    "a second": "def f():\n    for _ in range(10**8): pass\n    return 1",
}
verdicts = acecoder.judge([problem], [("f", text) for text in programs.values()], sandbox=sandbox)
for name, verdict in zip(programs, verdicts, strict=True):
    print(f"{name:12} {verdict.outcomes[0].value:8} {verdict.reason}")
