"""Is it a trial, as `station` says what that is? For a server that takes them from anybody with a token."""

HASH_SEEDS = (0, 1)
KINDS = ("calls", "stdin", "batch")
LIMITS = {
    "setup_cpu_s": 3600.0, "test_cpu_s": 3600.0, "test_wall_s": 3600.0, "test_idle_s": 3600.0,
    "total_wall_s": 86_400.0, "memory_bytes": 1 << 40, "file_bytes": 1 << 36, "threads": 4096,
    "answer_bytes": 64 << 20,
}  # fmt: skip
"""The most that makes sense of each."""


def check_trial(trial: dict) -> None:
    """Raises: ValueError, KeyError or TypeError where it is none."""
    if trial["kind"] not in KINDS or trial["hash_seed"] not in HASH_SEEDS:
        raise ValueError("an unknown kind of trial or hash seed")
    limits = trial["limits"]
    for name, most in LIMITS.items():
        value = limits[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= most:
            raise ValueError(f"{name}: {str(value)[:40]}")
    if not 0 < trial["max_wall_s"] <= 86_400.0 or not 1 <= trial["max_kills"] <= 1_000_000_000:
        raise ValueError("max_wall_s or max_kills")
    programs = trial["programs"] if trial["kind"] == "batch" else [trial["program"]]
    if not all(isinstance(program, str) for program in programs) or not programs:
        raise TypeError("a program is a text")
    tests = trial["tests"]
    if not isinstance(tests, list) or not tests:
        raise TypeError("tests are a list")
    for test in tests:
        calls = test.get("calls", [])
        texts = [test["input"]] if trial["kind"] == "stdin" else [test.get("code", ""), *calls]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a test is of texts")
