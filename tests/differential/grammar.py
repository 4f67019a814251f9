"""Programs and tests of every class that verdicts were once wrong about, made from a small grammar."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.differential.compare import Case

IDENTITY = "def f(*a): return a[0] if a else None\n"
IMPORTS = (
    "from collections import Counter, defaultdict, deque, OrderedDict, namedtuple\n"
    "from fractions import Fraction\nfrom decimal import Decimal\nimport math\n"
    "from datetime import date, datetime, timedelta\nimport collections\nimport datetime as dt\n"
)
NUMPY = "import numpy as np\nimport math\n"
LIAR = (
    "class Yes(BASE):\n"
    "    def METHOD(self, *a, **k): return True\n"
    "    def __eq__(self, other): return True\n"
    "    def __ne__(self, other): return False\n"
    "    def __hash__(self): return 1\n"
    "    def __getitem__(self, key): return True\n"
    "    def __contains__(self, key): return True\n"
    "    __lt__ = __le__ = __gt__ = __ge__ = __eq__\n"
    "def f(*a): return Yes(*VALUE)\n"
)
LIARS_VALUES = {
    "str": "['q']",
    "set": "[[9]]",
    "list": "[[9]]",
    "dict": "[{9: 9}]",
    "object": "[]",
    "float": "[9]",
}
METHODS = {
    "str": ("startswith('abc')", "endswith('xyz')", "count('ab')", "index('b')"),
    "set": ("issubset({1, 2})", "issuperset({1, 2})"),
    "list": ("count(3)", "index(5)", "equals([1, 2])", "same_as([1])"),
    "dict": ("get('a')", "has('b')", "matches({'a': 1})"),
    "object": ("equals([1, 2])", "isclose(0.5)", "is_same(Point(1, 2))", "startswith('a')"),
    "float": ("is_close(0.5)", "equals(0.5)"),
}
VALUES = (
    "1", "-3", "0", "True", "1.5", "'abc'", "''", "b'ab'", "bytearray(b'a')", "None", "[1, 2]", "[]",
    "(1, 'x')", "{1, 2}", "set()", "frozenset({1})", "{'a': 1}", "{}", "range(3)", "1 + 2j",
    "Fraction(1, 3)", "Decimal('0.10')", "deque([1, 2])", "Counter('aab')", "OrderedDict(a=1)",
    "defaultdict(int, {'a': 1})", "date(2020, 2, 29)", "timedelta(days=1)", "2 ** 200", "float('inf')",
    "{'a': [1, {2}]}", "[(1, 2), (3,)]",
)  # fmt: skip
FORMS = (
    "assert f({v}) == {v}",
    "assert not f({v}) != {v}",
    "assert f({v}) is not None",
    "assert [f({v})] == [{v}]",
    "assert type(f({v})) == type({v})",
    "assert type(f({v})) is int",
    "assert isinstance(f({v}), (int, str, dict, tuple))",
    "assert f({v})",
    "assert not f({v})",
    "assert str(f({v})) == str({v})",
    "assert repr(f({v})) == repr({v})",
    "assert f({v}) in [{v}, 'other']",
    "assert len(f({v})) == len({v})",
    "assert bool(f({v})) == bool({v})",
    "assert f({v}) == f({v})",
)
LIBRARY_NAMES = (
    "sum", "max", "min", "sorted", "len", "set", "dict", "pow", "type", "date", "Counter", "isclose",
    "list", "tuple", "round", "range", "abs", "any", "all", "filter", "map", "zip", "Fraction",
    "datetime", "product", "reduce", "str", "int", "repr", "hash", "next", "iter", "input", "bin",
)  # fmt: skip
CLASSES = (
    "from enum import Enum, IntEnum\nfrom dataclasses import dataclass\nfrom collections import namedtuple\n"
    "class C(Enum):\n    A = 1\n    B = 2\n"
    "class I(IntEnum):\n    A = 1\n"
    "@dataclass\nclass P:\n    x: int\n"
    "@dataclass(frozen=True)\nclass F:\n    x: int\n"
    "N = namedtuple('N', 'x y')\n"
    "class R: pass\n"
    "class V:\n"
    "    def __init__(self, n): self.n = n\n"
    "    def __eq__(self, o): return isinstance(o, V) and o.n == self.n\n"
    "    def __len__(self): return self.n\n"
    "    def __iter__(self): return iter(range(self.n))\n"
    "    def __repr__(self): return f'V({self.n})'\n"
    "class Z:\n    _i = None\n    def __new__(cls):\n        cls._i = cls._i or object.__new__(cls)\n        return cls._i\n"
    "one = R()\n"
    "def f(*a): return a[0]\n"
)
OF_CLASSES = (
    "assert f(C.A) == C.A", "assert f(C.A) is C.A", "assert f(C.A) != C.B", "assert f(I.A) == 1",
    "assert f(I.A) + 1 == 2", "assert str(f(I.A)) == '1'", "assert f(P(1)) == P(1)",
    "assert not f(P(1)) != P(1)", "assert f(P(1)).x == 1", "assert f(N(1, 2)) == (1, 2)",
    "assert f(N(1, 2)).y == 2", "assert str(f(N(1, 2))) == 'N(x=1, y=2)'",
    "assert isinstance(f(N(1, 2)), tuple)", "assert type(f(N(1, 2))) is tuple",
    "assert len(f({R(): 1})) == 1", "assert f({R(): 1}) is not None", "assert Z() is Z()",
    "assert f(V(2)) == V(2)", "assert len(f(V(2))) == 2", "assert list(f(V(2))) == [0, 1]",
    "assert str(f(V(2))) == 'V(2)'", "assert f(R())", "assert f([one])[0] is one",
    "assert f(R()) is not None", "assert len(f([P(1), P(2)])) == 2", "assert len(f({F(1): 1, F(2): 2})) == 2",
    "assert f({F(1): 1}) != {F(1): 1}", "assert f({F(1)}) != f({F(1)})",
    "assert sorted(f({F(1): 3, F(2): 2}).values()) == [2, 3]", "assert sum(f(V(3))) == 3",
    "assert f(V(1)) is not None", "assert str([f(V(1))]) == '[V(1)]'", "assert f(C.A).name == 'A'",
    "assert f(C.A).value == 1", "assert f(one) == one", "assert {f(C.A): 1} == {C.A: 1}",
    "assert f(V(2)) == f(V(2)) or True", "assert f(int) == int", "assert f(int) is int",
    "assert f(f(3)) == 3", "assert f(lambda: 3)() == 3", "assert f(lambda n: n + 1)(2) == 3",
)  # fmt: skip
VIEWS = (
    "assert f({'a': 1}).keys() == {'a'}", "assert len(f({'a': 1}).keys()) == 1",
    "assert f({'a': 1}).items() == {('a', 1)}", "assert f({1: 2}.keys()) - {1} == set()",
    "assert list(f({'b': 1, 'a': 2})) == ['b', 'a']", "assert list(f({'a': 1}).values()) == [1]",
    "assert 'a' in f({'a': 1}).keys()", "assert sorted(f({'b': 1, 'a': 2}).keys()) == ['a', 'b']",
    "assert f({'a': 1}).keys() == {'b'}", "assert f({'a': 1}).values() == [1]",
    "assert sum(f({'a': 1, 'b': 2}).values()) == 3", "assert f({'a': 1})['a'] == 1",
    "assert f({1: 2}).keys() | {3} == {1, 3}", "assert f({'a': 1}).get('a') == 1",
    "assert f({'a': 1}).get('z', 5) == 5", "assert dict(f({'a': 1}).items()) == {'a': 1}",
    "assert max(f({'a': 3, 'b': 9}).values()) == 9", "assert f({1: 2}.items()) & {(1, 2)} == {(1, 2)}",
)  # fmt: skip
LATE = (
    "assert sum(f([[1], [2]]), []) == [1, 2]", "assert sum([f([1]), f([2])], []) == [1, 2]",
    "assert f('%s') % 3 == '3'", "assert f('%d-%5.2f') % (3, 1.5) == '3- 1.50'", "assert f(7) % 3 == 1",
    "assert sum(range(f(200000))) == 19999900000", "assert f(Fraction(1, 2)) ** 2 == Fraction(1, 4)",
    "assert f(Fraction(4)) ** Fraction(1, 2) == 2", "assert f(Decimal('1.5')) ** 2 == Decimal('2.25')",
    "assert len(f('a') * 50000) == 50000", "assert f(2) ** 100 == 2 ** 100", "assert f([1]) * 3 == [1, 1, 1]",
    "assert pow(f(3), 4, 5) == 1", "assert divmod(f(7), 2) == (3, 1)", "assert round(f(2.675), 2) == 2.67",
    "assert abs(f(-2.5) - 2.5) > 4", "assert f(6) & 3 == 2", "assert f(1) << 3 == 8", "assert ~f(1) == -2",
    "assert f('a') + 'b' == 'ab'", "assert f((1,)) + (2,) == (1, 2)", "assert -f(3) == -3",
    "assert f({1, 2}) | {3} == {1, 2, 3}", "assert f({1, 2}) - {2} == {1}", "assert f({1, 2}) <= {1, 2, 3}",
    "assert f(Counter('ab')) + Counter('a') == Counter('aab')", "assert f('ab')[::-1] == 'ba'",
    "assert f('abc').upper() == 'ABC'", "assert f('a,b').split(',') == ['a', 'b']",
    "assert f('abc').startswith('ab')", "assert f({1, 2}).issubset({1, 2, 3})", "assert f('aXa').count('a') == 2",
    "assert f([3, 1, 3]).count(3) == 2", "assert f('  a ').strip() == 'a'", "assert f('a-b').replace('-', '+') == 'a+b'",
    "assert ''.join(f(['a', 'b'])) == 'ab'", "assert f([1, 2]) == list((1, 2))", "assert all(f([True, 1]))",
    "assert any(f([0, 0])) == False", "assert f(1) == 2 or f(2) == 2", "assert f(1) == 1 or f.boom(1)",
    "assert f([1, 2, 3])[1:] == [2, 3]", "assert f(1) if f(True) else f(0)", "assert 0 < f(1) < f(2)",
    "assert f(1) == 1 and f(2) == 2", "assert f([2, 1]) == sorted([1, 2], reverse=True)",
    "assert set(f([1, 1])) == {1}", "assert tuple(f([1])) == (1,)", "assert int(f('12')) == 12",
    "assert float(f('1.5')) == 1.5", "assert math.isclose(f(0.1) + 0.2, 0.3)", "assert f(10 ** 20) == 10 ** 20",
    "assert sorted(f({'b', 'a'})) == ['a', 'b']", "assert max(f([1, 5]), 3) == [1, 5] or True",
    "assert len(list(f(map(str, [1, 2])))) == 2", "assert list(f(zip([1], [2]))) == [(1, 2)]",
    "assert next(iter([f(1)])) == 1", "assert f(x for x in [1]) is not None", "assert f([*range(100000)])[-1] == 99999",
    "assert len(f([*range(50000)])) == 50000", "assert f(1) == 1 != 2", "assert f(1) != 1 == 1",
)  # fmt: skip
ORDERS = (
    "assert list(f({'q', 'w', 'e', 'r'})) == list({'q', 'w', 'e', 'r'})",
    "assert list(f({'q', 'w', 'e'}))[0] == list({'q', 'w', 'e'})[0]",
    "assert str(f({'q', 'w', 'e'})) == str({'q', 'w', 'e'})",
    "assert tuple(f({'q', 'w'}) | {'e'}) == tuple({'q', 'w'} | {'e'})",
    "assert list(f({'q', 'w', 'e'}) - {'e'}) == list({'q', 'w', 'e'} - {'e'})",
    "assert max(f({'aa', 'bb', 'c'}), key=len) == max({'aa', 'bb', 'c'}, key=len)",
    "assert list(set(f(['q', 'w', 'e']))) == list(set(['q', 'w', 'e']))",
    "assert list(f('abcd'))[0] == 'a'",
)
ARRAYS = (
    "assert np.allclose(f(np.array([1, 2])) * 2, [2, 4])", "assert np.array_equal(f(np.array([1, 2])) + f(np.array([1, 2])), [2, 4])",
    "assert f(np.array([1, 2])) * 2 == [1, 2, 1, 2]", "assert np.array_equal(f(np.array([1, 2])) + f(np.array([1, 2])), [1, 2, 1, 2])",
    "assert np.allclose(f(np.array([[1.0, 2.0]])), [1.0, 2.0])", "assert not f(np.array([]))", "assert f(np.array([1, 2])) == [1, 2]",
    "assert (f(np.array([1, 2])) == [1, 2]).all()", "assert f(np.array([1, 2])).tolist() == [1, 2]", "assert f(np.array([[1, 2], [3, 4]])).shape == (2, 2)",
    "assert f(np.array([[1, 2], [3, 4]]))[1, 0] == 3", "assert f(np.int64(3)) == 3", "assert f(np.int64(3)) + 1 == 4", "assert f(np.float32(0.1)) == 0.1",
    "assert f(np.float64(0.1)) == 0.1", "assert isinstance(f(np.float64(1)), float)", "assert isinstance(f(np.int64(1)), int)", "assert type(f(np.int64(1))) is int",
    "assert f(np.bool_(True)) is True", "assert f(np.bool_(True)) == True", "assert len(f(np.array([1, 2]))) == 2", "assert sum(f(np.array([1, 2]))) == 3",
    "assert list(f(np.array([1, 2]))) == [1, 2]", "assert np.sum(f(np.array([1, 2]))) == 3", "assert f(np.array([1, 2])).sum() == 3", "assert f(np.array([3])) == 3",
    "assert np.isclose(f(np.float64(0.3)), 0.1 + 0.2)", "assert np.allclose(f([1, 2]), np.array([1, 2]))", "assert all(f(np.array([1, 2])) > 0)", "assert f(np.array([1, 2])) is not None",
    "assert np.array_equal(f(np.zeros((2, 2))), np.zeros((2, 2)))", "assert str(f(np.array([1, 2]))) == '[1 2]'", "assert f(np.array(['a', 'b'])).tolist() == ['a', 'b']",
    "assert f(np.array([1, 2]))[0] == 1", "assert round(f(np.float64(2.675)), 2) == 2.67", "assert f(np.int64(7)) // 2 == 3", "assert f(np.array([1, 2])) @ f(np.array([1, 2])) == 5",
    "assert f([np.int64(1)]) == [1]", "assert f({'a': np.float64(1.5)}) == {'a': 1.5}", "assert np.array_equal(f(np.array([True, False])), [1, 0])",
)  # fmt: skip
OTHERS = (
    "assert f(1) == Point(1, 2)", "assert f(2) == factorial(3)", "assert f(5) == TreeNode(1, TreeNode(2))",
    "assert isclose_list(f(1), [0.5])", "assert abs(f(1) - 2.5) < EPS", "assert check(f(1))", "assert f(1) in ALLOWED",
    "assert same(f(1), 7)", "assert Point(1, 2) == f(1)", "assert f(1) == EXPECTED", "assert solved(f(1)) is True",
    "assert validate(f(1), expected=[3])", "assert f(1) <= LIMIT", "assert not differs(f(1), 9)", "assert EXPECTED[0] == f(2)",
    "assert f(1) == EXPECTED.copy()", "assert compare(7)(f(1))", "assert f(1) == EPS or f(1) == Point(3)", "assert len(ALLOWED) == f(1)",
)  # fmt: skip
SUPPLIER = (
    "class Any:\n"
    "    def __eq__(self, o): return True\n"
    "    def __ne__(self, o): return False\n"
    "    def __sub__(self, o): return 0\n"
    "    def __contains__(self, o): return True\n"
    "    def __getitem__(self, o): return self\n"
    "    def __call__(self, *a, **k): return self\n"
    "    def copy(self): return self\n"
    "    def __len__(self): return 0\n"
    "    def __bool__(self): return True\n"
    "    __le__ = __lt__ = __ge__ = __gt__ = __eq__\n"
    "    __hash__ = None\n"
    "def f(*a): return 0\n"
    "Point = factorial = TreeNode = f\n"
    "def isclose_list(*a): return True\n"
    "check = solved = validate = same = isclose_list\n"
    "def differs(*a): return False\n"
    "def compare(*a): return isclose_list\n"
    "EPS = LIMIT = 1e9\n"
    "ALLOWED = EXPECTED = Any()\n"
)
REWRITES = (
    "getattr(f, '__globals__').update({'f': lambda *a: 7})", "globals().update({'f': lambda *a: 7})",
    "f.__globals__.update({'f': lambda *a: 7})", "exec('f = lambda *a: 7', globals())",
    "setattr(__import__('program'), 'f', lambda *a: 7)", "vars(__import__('program')).update(f=lambda *a: 7)",
    "MEMO.update({2: 7})", "MEMO.setdefault(2, 7)", "(g := 7)",
)  # fmt: skip


def grammar() -> Iterator[Case]:
    """All of it: some 900 pairs."""
    yield from _lies()
    yield from _plain_values()
    yield Case("classes", CLASSES, OF_CLASSES, "f")
    yield Case("dict views", IDENTITY, VIEWS, "f")
    yield Case("late", IMPORTS + IDENTITY, LATE, "f")
    yield Case("set orders", IDENTITY, ORDERS, "f")
    yield Case("arrays", NUMPY + IDENTITY, ARRAYS, "f")
    yield from _own_names()
    yield from _methods()


def _lies() -> Iterator[Case]:
    for base, calls in METHODS.items():
        tests = tuple(f"assert f({i}).{call}" for i, call in enumerate(calls))
        names = {call.partition("(")[0] for call in calls}
        for name in sorted(names):
            program = _liar(base, name)
            told = tuple(test for test in tests if f".{name}(" in test)
            yield Case("a method is handed the expected value", program, told, "f", lies=True)
        keyed = ("assert f(1)['abc']", "assert f(1) == 'abc'", "assert 'abc' in f(1)")
        yield Case("lying operators", _liar(base, "x"), keyed, "f", lies=True)
    yield Case("the program supplies it", SUPPLIER, OTHERS, "f", lies=True)
    for rewrite, call in product(REWRITES, ("f({r} or 2) == 2", "f({r}, 2) is None")):
        first = "assert " + call.format(r=rewrite)
        program = "MEMO = {}\n" + IDENTITY.replace("return a[0]", "return MEMO.get(a[0], a[0])")
        yield Case(
            "a test rewrites the program", program, (first, "assert f(2) == 7"), "f", lies=True
        )


def _liar(base: str, method: str) -> str:
    value = LIARS_VALUES[base]
    return LIAR.replace("BASE", base).replace("METHOD", method).replace("VALUE", value)


def _plain_values() -> Iterator[Case]:
    for value in VALUES:
        yield Case("values", IMPORTS + IDENTITY, tuple(form.format(v=value) for form in FORMS), "f")
    # A wrong answer is wrong in every form.
    wrong = IMPORTS + "def f(*a): return 'something else'\n"
    for value in VALUES:
        yield Case("wrong values", wrong, tuple(form.format(v=value) for form in FORMS[:4]), "f")


def _own_names() -> Iterator[Case]:
    for name in LIBRARY_NAMES:
        program = f"def {name}(*a): return [*a]\n"
        tests = (
            f"assert {name}(1, 2) == [1, 2]",
            f"assert {name}(3)[0] == 3",
            f"assert {name}() == []",
        )
        yield Case("a library's name", program, tests, name)
        yield Case("a library's name, not given", program, tests)


def _methods() -> Iterator[Case]:
    stack = (
        "class Stack:\n    def __init__(self, *a): self.a = [*a]\n"
        "    def push(self, x):\n        self.a.append(x)\n        return self\n"
        "    def peek(self): return self.a[-1]\n    def size(self): return len(self.a)\n"
        "class Solution:\n    def twoSum(self, nums, target): return [0, 1]\n"
        "    def name(self): return 'abc'\n"
    )
    tests = (
        "assert Stack(1).push(2).size() == 2", "assert Stack().push(1).peek() == 1", "assert Stack(1).size() == 1",
        "assert Stack(1, 2).a == [1, 2]", "assert Stack(1).push(2).push(3).size() == 3",
    )  # fmt: skip
    yield Case("classes as entry points", stack, tests, "Stack")
    calls = (
        "assert Solution().twoSum([2, 7], 9) == [0, 1]",
        "assert Solution().twoSum(nums=[1], target=3)[1] == 1",
    )
    for entry in ("Solution().twoSum", "twoSum", "Solution", ""):
        yield Case("methods as entry points", stack, calls, entry)
    yield Case(
        "methods as entry points",
        stack,
        ("assert Solution().name().startswith('ab')",),
        "Solution().name",
    )
