"""One assert statement -> the calls a program must answer, and the judgement of the answers.

    assert f([1, 2]) == [2, 1]   calls: f([1, 2])    judged here: <answer> == [2, 1]

The process that runs the program sees the calls alone. The rest of the statement is read by a
closed interpreter of its syntax tree: a few node types, a few functions, bounded steps and sizes.
An assert it cannot read is run beside the program and marked weak.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import math
import operator
import sys
from collections import Counter, deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from acecoder.errors import InputError
from acecoder.sandbox.decoding import MAX_DIGITS, Malformed, Opaque, check_hashes
from acecoder.sandbox.testfiles import runnable

MAX_STEPS = 20_000
MAX_INT_BITS = 100_000
MAX_LENGTH = 100_000
MAX_WEIGHT = 500_000
"""Items that all values made in one assert may have, what they hold counted as often as it is held:
a few characters make a list whose comparison takes hours."""
MAX_NUMBER_BITS = 20_000
"""Of what becomes a Decimal or a Fraction; the conversion is quadratic."""
CACHED_CHARACTERS = 4_000

Function = Callable[..., Any]


class Unreadable(Exception):
    """The closed interpreter does not know this construct, or it ran past its limits."""


@dataclass(frozen=True)
class Plan:
    """How to judge one test."""

    calls: tuple[str, ...] = ()
    """Expressions for the sandboxed program, as source."""
    condition: ast.expr | None = None
    """What must be true; `Answer` names stand for the calls' values."""
    weak_code: str = ""
    """The whole statement, where it can only be judged beside the program."""
    broken: str = ""
    """Why the test is no test at all: no program passes it."""


TOO_LONG = Plan(broken=f"longer than {MAX_LENGTH:,} characters")


def _bounded_range(*args: int) -> range:
    values = range(*args)
    if len(values) > MAX_LENGTH:
        raise Unreadable("a range too long")
    return values


def _bounded_round(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 400:
        raise Unreadable("rounding to so many digits")
    return round(number, digits)


def _power(base: Any, exponent: Any, modulus: Any = None) -> Any:
    _refuse_growth(ast.Pow(), base, exponent if modulus is None else 1)
    if modulus is not None and _bits(exponent) * _bits(modulus) > MAX_INT_BITS * 100:
        raise Unreadable("a power too large")
    return pow(base, exponent, modulus)


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 64


def _decimal(value: Any = 0) -> Decimal:
    if _bits(value) > MAX_NUMBER_BITS or (isinstance(value, str) and len(value) > MAX_DIGITS):
        raise Unreadable("a number too long")
    return Decimal(value)


def _fraction(numerator: Any = 0, denominator: Any = None) -> Fraction:
    """From numbers, or a text without an exponent: '1e999999999' would fill the memory."""
    for part in (numerator, denominator):
        if _bits(part) > MAX_NUMBER_BITS or (
            isinstance(part, Decimal) and abs(part.adjusted()) > 400
        ):
            raise Unreadable("a number too long")
        if isinstance(part, str) and (len(part) > MAX_DIGITS or "e" in part.lower()):
            raise Unreadable("a number too long")
    return Fraction(numerator) if denominator is None else Fraction(numerator, denominator)


def _counted(items: Any = (), **named: Any) -> dict[Any, Any]:
    """A Counter, which compares as a dict does but for its zeros."""
    return dict(Counter(_hashable(items), **named))


def _set(items: Any = ()) -> set[Any]:
    return set(_hashable(items))


def _frozenset(items: Any = ()) -> frozenset[Any]:
    return frozenset(_hashable(items))


def _dict(pairs: Any = (), **named: Any) -> dict[Any, Any]:
    if isinstance(pairs, dict):
        return {**pairs, **named}
    made = list(pairs)
    _hashable([key for key, _ in made])
    return {**dict(made), **named}


def _hashable(items: Any) -> Any:
    """`items` as a list, unless their hashes collide so often that a set of them takes minutes."""
    made = items if isinstance(items, str | bytes | dict | set | frozenset) else list(items)
    if isinstance(made, list):
        check_hashes(made)
    return made


def _all_close(one: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08) -> bool:
    """numpy's, on numbers and nested lists of one shape, or of a number and a list."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(
            isinstance(a, list | tuple) == isinstance(b, list | tuple) and _all_close(a, b, rtol, atol)
            for a, b in zip(one, other, strict=True)
        )  # fmt: skip
    if isinstance(one, list | tuple):
        return all(_all_close(a, other, rtol, atol) for a in one)
    if isinstance(other, list | tuple):
        return all(_all_close(one, b, rtol, atol) for b in other)
    if not isinstance(one, NUMBERS) or not isinstance(other, NUMBERS):
        raise TypeError("not a number")
    if one == other:
        return True
    finite = all(math.isfinite(abs(each)) for each in (one, other))
    return bool(finite and abs(one - other) <= atol + rtol * abs(other))


NUMBERS = (int, float, complex)


def _array_equal(one: Any, other: Any) -> bool:
    return bool(_as_lists(one) == _as_lists(other))


def _as_lists(value: Any) -> Any:
    return [_as_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _sum_of_numbers(values: Any, start: Any = 0) -> Any:
    if not isinstance(start, int | float | complex):
        raise Unreadable("a sum of sequences")
    made = list(values)
    if len(made) > 100 and any(isinstance(each, Fraction) for each in made):
        raise Unreadable("a sum of many fractions")
    return sum(made, start)


FUNCTIONS: dict[str, Function] = {
    "abs": abs, "all": all, "any": any, "bool": bool, "chr": chr, "dict": _dict, "divmod": divmod,
    "float": float, "frozenset": _frozenset, "int": int, "len": len, "list": list, "max": max,
    "min": min, "ord": ord, "pow": _power, "range": _bounded_range, "repr": repr,
    "round": _bounded_round, "set": _set, "sorted": sorted, "str": str, "sum": _sum_of_numbers,
    "tuple": tuple, "Counter": _counted, "isclose": math.isclose,
    "Decimal": _decimal, "Fraction": _fraction, "date": date, "datetime": datetime,
    "timedelta": timedelta,
}  # fmt: skip
QUALIFIED: dict[str, Function | float] = {
    "math.isclose": math.isclose, "math.isnan": math.isnan, "math.isinf": math.isinf,
    "math.sqrt": math.sqrt, "math.pi": math.pi, "math.e": math.e, "math.inf": math.inf,
    "math.nan": math.nan,
    "np.allclose": _all_close, "np.array_equal": _array_equal,
    "np.array": _as_lists, "np.isnan": math.isnan, "np.pi": math.pi, "np.nan": math.nan,
    "np.inf": math.inf,
    "collections.Counter": _counted, "decimal.Decimal": _decimal, "fractions.Fraction": _fraction,
    "datetime.date": date, "datetime.datetime": datetime, "datetime.timedelta": timedelta,
}  # fmt: skip
QUALIFIED |= {f"numpy.{name[3:]}": value for name, value in QUALIFIED.items() if name[:3] == "np."}
"""What an assert may take from the standard library and numpy, on plain data."""
KEYWORDS = {
    "np.allclose": {"rtol", "atol"}, "numpy.allclose": {"rtol", "atol"}, "isclose": {"rel_tol", "abs_tol"},
    "math.isclose": {"rel_tol", "abs_tol"}, "max": {"key", "default"}, "min": {"key", "default"},
    "sorted": {"key", "reverse"}, "round": {"ndigits"}, "sum": {"start"}, "int": {"base"},
    "timedelta": {"days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"},
    "date": {"year", "month", "day"},
    "datetime": {"year", "month", "day", "hour", "minute", "second", "microsecond"},
}  # fmt: skip
KEYWORDS |= {f"datetime.{name}": KEYWORDS[name] for name in ("date", "datetime", "timedelta")}
KEYS = ("len", "abs", "str", "sum", "min", "max")
"""What may be given as `key=`: anything else would make values that nobody weighs."""
AS_ARGUMENTS = {
    "np.array": ("np.allclose", "np.array_equal", "numpy.allclose", "numpy.array_equal"),
    "Counter": ("len", "dict", "sorted"),
}  # fmt: skip
"""Stand-ins that are right only as an argument of these; a Counter, also beside `==`."""
TYPES: dict[str, type] = {
    "bool": bool, "bytes": bytes, "complex": complex, "dict": dict, "float": float,
    "frozenset": frozenset, "int": int, "list": list, "set": set, "str": str, "tuple": tuple,
}  # fmt: skip
COMPARISONS: dict[type[ast.AST], Function] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda item, box: item in box, ast.NotIn: lambda item, box: item not in box,
}  # fmt: skip
ARITHMETIC: dict[type, Function] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Mult: operator.mul,
    ast.Pow: operator.pow,
}  # fmt: skip
UNARY: dict[type, Function] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}  # fmt: skip


def plan(test: str) -> Plan:
    """Read one test. Never raises: what is no assert is `broken`, what is unreadable is weak."""
    if len(test) > MAX_LENGTH:
        return TOO_LONG
    return _cached_plan(test) if len(test) <= CACHED_CHARACTERS else _plan(test)


def _plan(test: str) -> Plan:
    text = test.strip()
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Plan(broken=f"not Python: {type(error).__name__}")
    if len(body) != 1 or not isinstance(body[0], ast.Assert):
        return plan_file(text) if body else Plan(broken="empty")
    try:
        calls = _Calls(_KNOWN)
        condition = calls.visit(body[0].test)
        if not calls.sources:  # a problem may ask for a `product` or a `filter`
            calls = _Calls(_OWN)
            condition = calls.visit(ast.parse(text).body[0].test)  # type: ignore[attr-defined]
        if not calls.sources:
            return Plan(broken="calls nothing of the program")
        _check_readable(condition)
        for source in calls.sources:
            compile(source, "<test>", "eval")  # what was unparsed may nest too deeply to be read
    except (Unreadable, RecursionError, ValueError, SyntaxError, MemoryError):
        return Plan(weak_code=text)
    return Plan(calls=tuple(calls.sources), condition=condition)


_cached_plan = lru_cache(maxsize=256)(_plan)


def plan_file(code: str) -> Plan:
    """A test that is more than one assert: run beside the program, with what it defines called."""
    if len(code) > MAX_LENGTH:
        return TOO_LONG
    try:
        return Plan(weak_code=runnable(code))
    except InputError as error:
        return Plan(broken=error.what)


class Answer(ast.expr):
    """A place in the condition where the value of call `index` goes."""

    _fields = ("index",)

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class _Calls(ast.NodeTransformer):
    """Replace every maximal expression about the program's own names by an `Answer`.

    `known` names are not the program's.
    """

    def __init__(self, known: Container[str]) -> None:
        self.sources: list[str] = []
        self._known = known

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and _is_about_program(node, self._known):
            if any(_reaches_in(part) for part in ast.walk(node)):
                raise Unreadable("reaches into the program")
            if any(
                isinstance(part, ast.NamedExpr | ast.Await | ast.Yield) for part in ast.walk(node)
            ):
                raise Unreadable("binds a name")
            self.sources.append(ast.unparse(node))
            return Answer(len(self.sources) - 1)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node  # of a module
        if isinstance(
            node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
        ):
            raise Unreadable("a scope of its own")
        return self.generic_visit(node)


def _reaches_in(node: ast.AST) -> bool:
    """May this part of a call change the program that later tests are held against?"""
    if isinstance(node, ast.Attribute):
        return node.attr.startswith("__")
    return isinstance(node, ast.Name) and node.id in REACHING


REACHING = {"globals", "locals", "vars", "setattr", "delattr", "exec", "eval", "compile", "__import__",
            "__builtins__"}  # fmt: skip


def _is_about_program(node: ast.expr, known: Container[str]) -> bool:
    """A name of the program, or a chain of calls, attributes and items that starts at one."""
    above: ast.expr | None = None
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        above, node = node, node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return False
    is_module = isinstance(above, ast.Attribute) and node.id in sys.stdlib_module_names
    return node.id not in known and not is_module


_OWN = frozenset({*FUNCTIONS, "isinstance", "type", "True", "False", "None", "np", "numpy"})
_KNOWN = frozenset({
    *_OWN, *dir(builtins), "pd", "pandas", "pytest", "approx", "OrderedDict", "defaultdict", "deque",
    "namedtuple", "deepcopy", "isnan", "sqrt", "reduce", "partial", "chain", "permutations",
    "combinations", "product", "allclose", "array_equal", "assert_allclose",
})  # fmt: skip
"""Python's own names and what tests import: not taken for the program's, which would have it
compute what it is held against, unless a test names nothing else. What is not read here is run
beside the program and is weak."""
_READABLE = (
    Answer, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Compare, ast.BoolOp,
    ast.UnaryOp, ast.BinOp, ast.Call, ast.Name, ast.Subscript, ast.Slice, ast.IfExp,
    ast.Attribute, ast.keyword, ast.Load, ast.And, ast.Or, ast.cmpop, ast.operator, ast.unaryop,
)  # fmt: skip


def _check_readable(condition: ast.expr) -> None:
    """Raises Unreadable where the interpreter would not come to the end of it.

    That may hang on the test alone, never on an answer: a program could choose to be judged weakly.
    """
    for node in ast.walk(condition):
        if not isinstance(node, _READABLE):
            raise Unreadable(type(node).__name__)
        if isinstance(node, ast.Call) and not _known_function(node.func):
            raise Unreadable("a call of something else")
        if isinstance(node, ast.BinOp) and type(node.op) not in ARITHMETIC:
            raise Unreadable(type(node.op).__name__)
        if isinstance(node, ast.Attribute) and _qualified(node) not in QUALIFIED:
            raise Unreadable("an attribute")
        if isinstance(node, ast.Dict) and None in node.keys:
            raise Unreadable("a dict unpacked")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
            raise Unreadable("a formatted text")
        if isinstance(node, ast.Call):
            _check_call(node)
    _check_names(condition, None)
    _try_constants(condition)


def _name_of(node: ast.expr) -> str:
    return _qualified(node) if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _check_call(node: ast.Call) -> None:
    """Raises Unreadable on arguments that mean something else here than in Python."""
    name = _name_of(node.func)
    for keyword in node.keywords:
        if name not in ("Counter", "collections.Counter", "dict") and keyword.arg not in KEYWORDS.get(name, ()):  # fmt: skip
            raise Unreadable(f"{name} with {keyword.arg}")
        if keyword.arg is None or (keyword.arg == "key" and _name_of(keyword.value) not in KEYS):
            raise Unreadable("a key, or keywords unpacked")
    if name == "isinstance" and len(node.args) == 2:
        kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        if any(_name_of(kind) not in TYPES for kind in kinds):
            raise Unreadable("a type that answers do not keep")


def _check_names(node: ast.AST, above: ast.AST | None) -> None:
    """Raises Unreadable where a name is no value here, or what stands for it would show: a dict for
    a Counter, lists for an array, a function for a class."""
    name = _name_of(node.func) if isinstance(node, ast.Call) else ""
    kind = {"collections.Counter": "Counter", "numpy.array": "np.array"}.get(name, name)
    if kind in AS_ARGUMENTS:
        inside = isinstance(above, ast.Call) and _name_of(above.func) in AS_ARGUMENTS[kind]
        beside = kind == "Counter" and isinstance(above, ast.Compare) and all(
            isinstance(op, ast.Eq | ast.NotEq) for op in above.ops)  # fmt: skip
        if not inside and not beside:
            raise Unreadable(f"{kind} as a value")
    if isinstance(node, ast.Name):
        called = isinstance(above, ast.Call) and above.func is node
        if not (called or node.id in TYPES or isinstance(above, ast.Attribute | ast.keyword)):
            raise Unreadable(f"{node.id} as a value")
    for child in ast.iter_child_nodes(node):
        _check_names(child, node)


def _try_constants(node: ast.AST) -> bool:
    """Evaluate every largest part without an answer; True where all of `node` is such a part."""
    parts = list(ast.iter_child_nodes(node))
    constant = [_try_constants(part) for part in parts]
    if isinstance(node, Answer):
        return False
    if all(constant):
        return True
    for part, is_constant in zip(parts, constant, strict=True):
        if is_constant and isinstance(part, ast.expr) and not isinstance(part, ast.Slice):
            with contextlib.suppress(*WRONG):
                _Interpreter(()).value(part)
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _known_function(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id in FUNCTIONS or node.id in ("isinstance", "type")
    return isinstance(node, ast.Attribute) and callable(QUALIFIED.get(_qualified(node)))


def _qualified(node: ast.Attribute) -> str:
    return f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""


WRONG = (
    TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError, Malformed,
)  # fmt: skip
"""What an assert may raise that means no more than that it does not hold."""


def holds(condition: ast.expr, answers: Sequence[Any]) -> bool:
    """Is the condition true of these decoded answers?

    An error inside it (a comparison of unlike types, an index out of range) is False, as the
    assert would have raised. Raises: Unreadable past the limits on steps and sizes.
    """
    try:
        return bool(_Interpreter(answers).value(condition))
    except WRONG:
        return False


class _Interpreter:
    """Evaluates the readable subset over plain data; nothing here can reach an object's code."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self._answers = answers
        self._steps = 0
        self._weight = 0

    def value(self, node: ast.expr | None) -> Any:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Unreadable("too many steps")
        if node is None:
            return None
        read: Function = getattr(self, f"_{type(node).__name__.lower()}")
        made = read(node)
        self._weight += weight(made, MAX_WEIGHT - self._weight)
        return made

    def _answer(self, node: Answer) -> Any:
        return self._answers[node.index]

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return TYPES[node.id] if node.id in TYPES else FUNCTIONS[node.id]

    def _list(self, node: ast.List) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.elts)

    def _set(self, node: ast.Set) -> set[Any]:
        return _set([self.value(item) for item in node.elts])

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        keys = [self.value(key) for key in node.keys]
        check_hashes(keys)
        return dict(zip(keys, map(self.value, node.values), strict=True))

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            if not COMPARISONS[type(kind)](left, right):
                return False
            left = right
        return True

    def _boolop(self, node: ast.BoolOp) -> Any:
        wanted = isinstance(node.op, ast.Or)
        result: Any = not wanted
        for item in node.values:
            result = self.value(item)
            if bool(result) is wanted:
                return result
        return result

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return UNARY[type(node.op)](self.value(node.operand))

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        _refuse_growth(node.op, left, right)
        return ARITHMETIC[type(node.op)](left, right)

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        return slice(self.value(node.lower), self.value(node.upper), self.value(node.step))

    def _attribute(self, node: ast.Attribute) -> Any:
        return QUALIFIED[_qualified(node)]

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(argument) for argument in node.args]
        named = {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}
        if isinstance(node.func, ast.Attribute):
            function = QUALIFIED[_qualified(node.func)]
            assert callable(function)
            return function(*arguments, **named)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "isinstance":
            return not isinstance(arguments[0], Opaque) and isinstance(arguments[0], arguments[1])
        if name == "type":
            return Opaque if isinstance(arguments[0], Opaque) else type(arguments[0])
        return FUNCTIONS[name](*arguments, **named)


def weight(value: Any, left: int) -> int:
    """How many items a value has, counted as a comparison of it would meet them.

    Raises: Unreadable past `left`, without looking further.
    """
    total, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list | tuple | set | frozenset | deque):
            total += 1 + len(each)
            waiting.extend(each if total <= left else ())
        elif isinstance(each, dict):
            total += 1 + len(each)
            waiting.extend((*each.keys(), *each.values()) if total <= left else ())
        elif isinstance(each, str | bytes):
            total += 1 + len(each) // 16
        elif isinstance(each, int):
            total += 1 + each.bit_length() // 64
        elif isinstance(each, range):
            total += 1 + len(each)
        elif isinstance(each, Decimal) and each.is_finite() and abs(each.adjusted()) > MAX_DIGITS:
            raise Unreadable("a number too long")  # int() of it would fill the memory
        elif isinstance(each, Fraction):
            waiting += (each.numerator, each.denominator)
        else:
            total += 1
        if total > left:
            raise Unreadable("values too large")
    return total


def _refuse_growth(kind: ast.operator, left: Any, right: Any) -> None:
    """Powers and repetitions of a few characters that would fill the memory."""
    if isinstance(kind, ast.Pow) and (isinstance(left, Fraction) or isinstance(right, Fraction)):
        raise Unreadable("a power of a fraction")
    if isinstance(kind, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        if abs(right) * max(left.bit_length(), 1) > MAX_INT_BITS:
            raise Unreadable("a power too large")
    elif isinstance(kind, ast.Mult):
        if isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > MAX_INT_BITS:
                raise Unreadable("a product too large")
            return
        for box, times in ((left, right), (right, left)):
            repeats = isinstance(box, str | bytes | list | tuple | deque) and isinstance(times, int)
            if repeats and len(box) * max(times, 0) > MAX_LENGTH:
                raise Unreadable("a repetition too long")
    elif isinstance(kind, ast.Mod) and isinstance(left, str | bytes):
        raise Unreadable("a formatted text")
