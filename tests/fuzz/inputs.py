"""Random tests and random answers, made to cost the judge what they can; each from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from acecoder.sandbox.judge.interpreter import ARITHMETIC, COMPARISONS
from acecoder.sandbox.judge.vocabulary import FUNCTIONS, METHOD_NAMES, QUALIFIED

ANSWER_BYTES = 256 << 10
"""The default limit on one answer."""
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"]
COMPARED = ["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
assert len(OPERATORS) == len(ARITHMETIC) and len(COMPARED) == len(COMPARISONS) - 2
NAMES = sorted(FUNCTIONS) + sorted(name for name, value in QUALIFIED.items() if callable(value))
METHODS = sorted(METHOD_NAMES)
SIZES = (0, 1, 2, 3, 7, 100, 999, 5_000, 20_000, 99_999, 10**6, 10**9, 10**30)


def constant(random: Random, depth: int) -> str:
    """A constant expression, often of an awkward size."""
    size = random.choice(SIZES)
    return random.choice(
        [
            str(size), f"-{size}", "0.1", "1e308", "True", "None", f"2**{size}", f"'a'*{size}", f"[0]*{size}",
            f"'%{size}d'", "'%s%s'", "'a'", "''", "b'x'", f"range({size})", f"(1,)*{size}", f"10**{size}",
            f"Decimal('{'9' * min(size, 4_000)}')", f"Decimal('1e{min(size, 10**6)}')", f"Fraction(1,{size or 1})",
            f"Fraction({size},7)", "{1,2}", "{'a':1}", "1j", "float('nan')", f"[[1]*9]*{size}", f"set(range({size}))",
            f"np.zeros({size})", f"np.zeros(({size},1))", f"np.ones((1,{size}))", "np.array([1,2])", f"list(range({size}))",
            f"[Decimal(1)]*{min(size, 999)}", f"'{'ab' * min(size, 2_000)}'", f"[{'(' * 40}1{')' * 40}]",
        ]
    )  # fmt: skip


def expression(random: Random, depth: int) -> str:
    """An expression over answers and constants."""
    if depth <= 0 or random.random() < 0.1:
        return f"f({random.randrange(3)})" if random.random() < 0.5 else constant(random, depth)
    made: list[Callable[[], str]] = [
        lambda: f"({part()} {random.choice(OPERATORS)} {part()})",
        lambda: (
            f"{random.choice(NAMES)}({', '.join(part() for _ in range(random.randrange(1, 4)))})"
        ),
        lambda: (
            f"({part()}).{random.choice(METHODS)}({', '.join(part() for _ in range(random.randrange(3)))})"
        ),
        lambda: f"({part()})[{part()}]",
        lambda: f"({part()})[{part()}:{part()}]",
        lambda: f"[{', '.join(part() for _ in range(random.randrange(1, 60)))}]",
        lambda: f"{{{part()}, {part()}}}",
        lambda: f"{{{part()}: {part()}}}",
        lambda: f"({part()} {random.choice(COMPARED)} {part()})",
        lambda: f"({part()} and {part()} or not {part()})",
        lambda: f"sorted({part()}, key={random.choice(['len', 'str', 'sum', 'abs'])})",
    ]

    def part() -> str:
        return expression(random, depth - random.randrange(1, 3))

    return random.choice(made)()


FILES = (
    "if f({i}):\n    assert f({i})\n" "{elif_}",
    "def test_{i}():\n    assert f({i}) == {i}\n",
    "class Test{i}:\n    def test_a(self):\n        assert f({i})\n",
    "import pytest\n@pytest.mark.parametrize('a', [{i}])\ndef test_{i}(a):\n    assert f(a)\n",
    "try:\n    f({i})\n    assert f({i})\nexcept ValueError:\n    pass\n",
    "x{i} = f({i})\nassert x{i}\n",
    "import unittest\nclass T{i}(unittest.TestCase):\n    def test_a(self): self.assertEqual(f({i}), {i})\n",
    "for i in range({i}):\n    if f(i):\n        raise AssertionError\n",
    "from solution import f\nwith open('x') as h:\n    assert f(h)\n",
)  # fmt: skip


def file_of(random: Random) -> str:
    """A test file of the same things again and again, or one within the other."""
    part = random.choice(FILES)
    times = 90_000 // (len(part) + 8)
    if "{elif_}" in part:
        branch = "elif f(1):\n    assert f(1)\n"
        return part.format(i=0, elif_=branch * (80_000 // len(branch)))
    if random.random() < 0.3:  # nested, as deep as Python reads
        levels = random.choice((20, 90))
        lines = [f"{' ' * i}if f({i}):" for i in range(levels)]
        return "\n".join([*lines, f"{' ' * levels}assert f(0)\n"]) * (80_000 // (levels * levels))
    return "".join(part.format(i=i) for i in range(times))


def test_of(random: Random) -> str:
    """One assert of at most 100,000 characters, or now and then a file."""
    if random.random() < 0.02:
        return file_of(random)[:100_000]
    text = f"assert {expression(random, 5)} {random.choice(COMPARED)} {expression(random, 3)}"
    if random.random() < 0.1:  # the same part again and again
        part = expression(random, 2)
        text = f"assert [f(0){''.join(f', {part}' for _ in range(90_000 // (len(part) + 2)))}] == 1"
    return text[:100_000]


def value(random: Random, depth: int, most: int) -> str:
    """A value as a program may send it, honest or not: JSON of at most `most` characters."""
    made = _value(random, depth, most)
    return made if len(made) <= most else "1"


def _value(random: Random, depth: int, most: int) -> str:
    if depth <= 0 or random.random() < 0.2:
        return json.dumps(_plain(random, min(random.choice((1, 3, 50, 1_000, 30_000)), most // 3)))
    boxes: list[Callable[[], str]] = [
        lambda: f"[{_repeated(random, depth, most)}]",
        lambda: f"[{_repeated(random, depth, most)}]",
        lambda: _tagged("iterator", f"[{_repeated(random, depth, most)}]"),
        lambda: _tagged("tuple", f"[{_repeated(random, depth, most)}]"),
        lambda: _tagged("deque", f"[[{_repeated(random, depth, most)}], null]"),
        lambda: _tagged("dict", f"[[1, {value(random, depth - 1, most // 2)}], [2, 3]]"),
        lambda: _tagged("counter", f"[[1, {value(random, 0, most // 2)}], [2, 3]]"),
        lambda: _tagged("sub", f"[0, {value(random, 0, most // 2)}, null, null]"),
    ]
    return random.choice(boxes)()


def _tagged(kind: str, text: str) -> str:
    return f'{{"t": "{kind}", "v": {text}}}'


def _repeated(random: Random, depth: int, most: int) -> str:
    """Different values one after another, again and again."""
    parts = [
        value(random, depth - 1, max(most // random.choice((3, 50, 1_000)), 8))
        for _ in range(random.randrange(1, 4))
    ]
    text = ", ".join(parts)
    times = random.choice((1, 3, (most - 100) // (len(text) + 2)))
    return ", ".join([text] * max(1, times))


def _plain(random: Random, size: int) -> object:
    bits = random.choice((60, 5_000, 100_000, 900_000))
    digits = max(1, min(size, 4_990))
    return random.choice(
        [
            random.choice([0, 1, -1, True, None, "a", "", 2**53 - 1]),
            {"t": "int", "v": hex((1 << min(bits, 4 * size + 4)) - random.randrange(9))},
            {"t": "decimal", "v": random.choice(["1", "9" * digits, "1e4999", "-1e-4999", "NaN"])},
            {"t": "fraction", "v": ["0x" + "f" * digits, "0x" + "7" * random.choice((1, digits))]},
            {"t": "float", "v": random.choice(["nan", "inf", "1e308", "0.1"])},
            random.choice(["a", "%99999d", "ab"]) * size,
            [random.randrange(9)] * size,
            {"t": "range", "v": [0, size * 30, 1]},
            {"t": "array", "v": ["<f8", [size, 1], [1] * size]},
            {"t": "array", "v": ["<i8", [1, size], [1] * size]},
            {"t": "opaque", "v": [1, 0, "X", "x" * digits, False, True, size, [1] * size]},
            {"t": "set", "v": [i * (2**61 - 1) for i in range(min(size, 500))]},
            {"t": "set", "v": list(range(size))},
            [{"t": "int", "v": hex(i * (2**61 - 1))} for i in range(size)],
            ["x" * (3 * size), *["a"] * (size // 2)],
            {"t": "array", "v": ["<U9", [size], ["a"] * size]},
        ]
    )


def answers_of(random: Random, count: int) -> bytes:
    """A frame of `count` values, within the limit on answers."""
    most = ANSWER_BYTES // max(count, 1) - 20
    values = ", ".join(value(random, random.randrange(4), most) for _ in range(count))
    return f'{{"values": [{values}]}}'.encode()
