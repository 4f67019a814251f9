"""What judging one test may cost, counted in steps, items and digits: the same on every machine.

A unit is about a fifth of a microsecond, at worst one. What an operation costs is known from the
sizes of what it is given, before it is done. So no test and no answer holds up the judge.
"""

from __future__ import annotations

import ast
import math
import re
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from acecoder.sandbox.judge.decoding import MAX_DIGITS
from acecoder.sandbox.judge.values import VIEWS, Malformed, Opaque

UNITS = 1_500_000
"""For one test and its answers."""
CONSTANT_UNITS = 500_000
"""For the parts of a test that hang on no answer, once, when it is read."""
MAX_INT_BITS = 1_000_000
MAX_POWER_BITS = 100_000
MAX_ITEMS = 1_000_000
MIXED_BITS = 4_096
"""Of an int that meets a Decimal or a Fraction: one is converted into the other, at quadratic cost."""
MAX_EXACT_POWER_BITS = 400
"""Of the Decimals of a power."""
MAX_FRACTION_BITS = 20_000
"""Of all Fractions of a sum."""
MAX_FIELD = 1_000
"""Width and precision in a text's format."""
MAX_ARRAY_CHARACTERS = 2_000_000
"""Of an array of texts, each of which takes the room of the longest."""
ARRAY_ITEM_UNITS = 100
DIGIT_BITS = 30
PRODUCTS_PER_UNIT = 100


class Unreadable(Exception):
    """The closed interpreter does not know this construct."""


class OverBudget(Unreadable):
    """It would cost the judge more than a test may."""


class Size(NamedTuple):
    """How large a value is."""

    units: int
    """Its items, as a comparison of it would meet them, and the digits of its numbers."""
    int_bits: int = 0
    """Of its longest int."""
    exact_bits: int = 0
    """Of its longest Decimal or Fraction."""
    compares: bool = False
    """An object with an equality of its own is in it."""
    text: int = 0
    """Characters of its longest text: numpy gives all texts of an array so much room."""


ONE = Size(1)
_FLAT = frozenset({bool, float, complex, type(None)})
_BOXES = (list, tuple, set, frozenset, deque)
_KEYED = (set, frozenset, dict, *VIEWS)
_REPEATED = (list, tuple, deque, str, bytes, bytearray)


class Budget:
    """What is left of it."""

    def __init__(self, units: int = UNITS) -> None:
        self._left = units

    def spend(self, units: int) -> None:
        """Raises OverBudget where that is more than is left."""
        self._left -= units
        if self._left < 0:
            raise OverBudget("it costs the judge more than a test may")

    def size_of(self, value: Any) -> Size:
        """The size of a value, whose units are spent. Raises OverBudget without looking further."""
        if type(value) in _FLAT:
            self.spend(1)
            return ONE
        total = int_bits = exact_bits = text = 0
        compares, waiting = False, [value]
        while waiting:
            each = waiting.pop()
            total += 1
            kind = type(each)
            if kind in _FLAT:
                continue
            if isinstance(each, int):
                bits = each.bit_length()
                total += bits // 64
                int_bits = max(int_bits, bits)
            elif isinstance(each, str | bytes | bytearray):
                total += len(each) // 16
                text = max(text, len(each))
            elif isinstance(each, _BOXES):
                total += len(each)
                self._refuse(total)
                waiting.extend(each)
            elif isinstance(each, dict):
                total += len(each)
                self._refuse(total)
                waiting.extend(each)
                waiting.extend(each.values())
            elif isinstance(each, Decimal | Fraction):
                bits = _exact_bits(each)
                total += bits // 64
                exact_bits = max(exact_bits, bits)
            elif isinstance(each, Opaque):
                compares = compares or each.compares
            else:
                total += _others(each, waiting)
                text = max(text, _text_of(each))
            self._refuse(total)
        self.spend(total)
        return Size(total, int_bits, exact_bits, compares, text)

    def _refuse(self, units: int) -> None:
        if units > self._left:
            self.spend(units)


def _exact_bits(number: Decimal | Fraction) -> int:
    if isinstance(number, Fraction):
        return number.numerator.bit_length() + number.denominator.bit_length()
    if not number.is_finite():
        return 1
    if abs(number.adjusted()) > MAX_DIGITS:
        raise OverBudget("a number too long")  # int() of it would fill the memory
    return 4 * max(len(number.as_tuple().digits), abs(number.adjusted()))


def _others(value: Any, waiting: list[Any]) -> int:
    """The items of a range, an array or a view; further values to look at go to `waiting`."""
    items: list[Any] = []
    if isinstance(value, range):
        return len(value)
    if is_array(value):
        items = value.ravel().tolist() if value.dtype.kind == "O" else []
        waiting.extend(items)
        return int(value.size) * max(1, int(value.dtype.itemsize) // 64)
    if type(value) in VIEWS:
        items = list(value)
    waiting.extend(items)
    return len(items)


def _text_of(value: Any) -> int:
    """Characters of each item of an array of texts; of anything else none."""
    return int(value.dtype.itemsize) // 4 if is_array(value) and value.dtype.kind == "U" else 0


def is_array(value: Any) -> bool:
    return bool(type(value).__module__ == "numpy" and getattr(value, "ndim", 0) > 0)


def _together(*sizes: Size) -> tuple[int, int]:
    """(units of all, how many times dearer exact numbers make them). Raises OverBudget on a mix."""
    exact_bits = max(size.exact_bits for size in sizes)
    if exact_bits and max(size.int_bits for size in sizes) > MIXED_BITS:
        raise OverBudget("an int too long for the Decimals or Fractions it meets")
    factor = 1 + 4 * bool(exact_bits) + (exact_bits // 512) ** 2
    return sum(size.units for size in sizes), factor


def comparison(kind: ast.cmpop, left: Any, right: Any, one: Size, other: Size) -> int:
    """The units of a comparison. Raises OverBudget; Malformed where keys would have to be compared
    by an equality of the program's."""
    if (one.compares or other.compares) and any(isinstance(v, _KEYED) for v in (left, right)):
        raise Malformed("keys with an equality of their own, which is not asked")
    if isinstance(kind, ast.In | ast.NotIn):
        units, factor = _together(one, other)
        return units * factor
    if is_array(left) or is_array(right):
        return _broadcast((left, right), (one, other)) + one.units + other.units
    if one.exact_bits or other.exact_bits:
        units, factor = _together(one, other)
        return units * factor
    return min(one.units, other.units)


def _broadcast(values: Sequence[Any], sizes: Sequence[Size]) -> int:
    """Items of what numpy makes of the values. Raises OverBudget, or ValueError as numpy does."""
    import numpy

    _refuse_texts(sizes)
    shapes = [value.shape if is_array(value) else numpy.shape(value) for value in values]
    units = math.prod(numpy.broadcast_shapes(*shapes))
    if units > MAX_ITEMS or units * sum(size.text for size in sizes) > MAX_ARRAY_CHARACTERS:
        raise OverBudget("an array too large")
    return units


def _refuse_texts(sizes: Sequence[Size]) -> None:
    """Before numpy makes an array of a list. Raises OverBudget."""
    for size in sizes:
        if size.units * size.text > MAX_ARRAY_CHARACTERS:
            raise OverBudget("an array of texts too long")


def operation(kind: ast.operator, left: Any, right: Any, one: Size, other: Size) -> int:
    """The units of an operation. Raises OverBudget."""
    units, factor = _together(one, other)
    if is_array(left) or is_array(right):
        return (_broadcast((left, right), (one, other)) + units) * factor
    if isinstance(kind, ast.Mod) and isinstance(left, str | bytes | bytearray):
        return 8 * units * factor + _format(left)
    if isinstance(left, int) and isinstance(right, int):
        return units + _of_ints(kind, left, right)
    if isinstance(kind, ast.Pow):
        return units + _power(left, right)
    if isinstance(kind, ast.Mult):
        for box, times in ((left, right), (right, left)):
            if isinstance(times, int) and isinstance(box, _REPEATED):
                made: int = len(box) * max(times, 0)
                if made > MAX_ITEMS:
                    raise OverBudget("a repetition too long")
                return units + made
    return units * factor


def _of_ints(kind: ast.operator, left: int, right: int) -> int:
    one, other = left.bit_length(), right.bit_length()
    if isinstance(kind, ast.Pow):
        made = max(one, 1) * abs(right) if other <= 64 else MAX_POWER_BITS + 1
        if made > MAX_POWER_BITS and abs(left) > 1:
            raise OverBudget("a power too large")
        return _products(made, made) if abs(left) > 1 else 1
    if isinstance(kind, ast.LShift):
        if other > 32 or one + right > MAX_INT_BITS:
            raise OverBudget("a number too long")
        return (one + abs(right)) // 64
    if isinstance(kind, ast.Mult):
        if one + other > MAX_INT_BITS:
            raise OverBudget("a product too large")
        return _products(one, other)
    if isinstance(kind, ast.FloorDiv | ast.Mod | ast.Div):
        return _products(max(one - other, 0), other) + 1
    return 1


def _products(one_bits: int, other_bits: int) -> int:
    """Units of so many products of digits."""
    return (one_bits // DIGIT_BITS + 1) * (other_bits // DIGIT_BITS + 1) // PRODUCTS_PER_UNIT


def _power(base: Any, exponent: Any) -> int:
    """Of Decimals and Fractions, whose powers are exact."""
    for number in (base, exponent):
        if isinstance(number, Decimal) and _exact_bits(number) > MAX_EXACT_POWER_BITS:
            raise OverBudget("a power of numbers too long")
    whole = isinstance(exponent, int) or (
        isinstance(exponent, Fraction) and exponent.denominator == 1
    )
    if whole and isinstance(base, int | Fraction):
        bits = base.bit_length() if isinstance(base, int) else _exact_bits(base)
        if max(bits, 1) * abs(int(exponent)) > MAX_POWER_BITS:
            raise OverBudget("a power too large")
        return _products(MAX_POWER_BITS, MAX_POWER_BITS) // 10
    if isinstance(base, Decimal) or isinstance(exponent, Decimal):
        return 1_000
    return 1


_FIELD = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(\*|\d*)(?:\.(\*|\d*))?")


def _format(template: str | bytes | bytearray) -> int:
    """Units of what a format makes beside the values it is given."""
    text = template if isinstance(template, str) else template.decode("latin-1")
    total = 0
    for field in _FIELD.finditer(text):
        for number in field.groups():
            if number and (number == "*" or len(number) > 5 or int(number) > MAX_FIELD):
                raise OverBudget("a field too wide")
            total += int(number or 0)
    return total + len(text) // 16


def call(name: str, values: Sequence[Any], sizes: Sequence[Size]) -> int:
    """The units of a call of one of the vocabulary's functions. Raises OverBudget."""
    if not sizes:
        return 1
    units, factor = _together(*sizes)
    module, _, short = name.rpartition(".")
    if module in ("np", "numpy"):
        _refuse_texts(sizes)
    if short in ("allclose", "isclose"):
        return (_broadcast(values[:2], sizes[:2]) + units) * 4
    if short in ("sorted", "max", "min"):
        each = ARRAY_ITEM_UNITS if any(map(is_array, values)) else factor * _rounds(units)
        return units * each
    if short == "sum":
        return _sum(values, units, factor)
    if short in ("pow", "divmod"):
        return _arithmetic(short, values, sizes)
    return units * factor * (4 if short in ("str", "repr") else 1)


def _rounds(units: int) -> int:
    """How often a sort compares each item, at most."""
    return max(1, units.bit_length() // 2)


def _arithmetic(name: str, values: Sequence[Any], sizes: Sequence[Size]) -> int:
    """Of `pow` and `divmod`."""
    if name == "pow" and len(values) == 3:
        return _modular(values)
    if len(values) != 2:
        return 1
    kind = ast.Pow() if name == "pow" else ast.FloorDiv()
    return 2 * operation(kind, values[0], values[1], sizes[0], sizes[1])


def _sum(values: Sequence[Any], units: int, factor: int) -> int:
    """Sequences are copied at every step, and exact numbers grow longer."""
    items = values[0]
    if not isinstance(items, _BOXES) or all(isinstance(item, int | float) for item in items):
        return units
    if any(isinstance(item, Fraction) for item in items):
        bits = sum(_exact_bits(item) for item in items if isinstance(item, Fraction))
        if bits > MAX_FRACTION_BITS:
            raise OverBudget("a sum of fractions too long")
        return units + len(items) * _products(bits, bits)
    return units * factor * (1 + len(items) // 8)


def _modular(values: Sequence[Any]) -> int:
    if not all(isinstance(value, int) for value in values):
        return 1
    exponent, modulus = (int(value).bit_length() for value in values[1:])
    return (exponent + 1) * (_products(modulus, modulus) + 1)
