"""How what a script printed compares with what it should have printed.

lines     equal line by line, but for white space at the ends of lines and of the text
numbers   the same; where two lines differ, word by word, and two words are also equal if they
          are numbers, one of them with a point or an exponent, that differ by at most 1e-6 of
          the larger or of 1 (the usual rule of programming contests)
exact     equal to the byte, but for one line break at the end
decimals  LiveCodeBench's rule: white space around each line is forgiven, and two lines are also
          equal if all of their words are decimal numbers of the same values
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

from acecoder.schema import Comparison

TOLERANCE = 1e-6
MAX_NUMBER_CHARACTERS = 400
NUMBER = re.compile(r"[-+]?(?:\d+(?=[.eE]|$)|(?=\.\d))(?P<fraction>(?:\.\d*)?(?:[eE][-+]?\d+)?)")


def same_output(output: bytes, expected: str, compare: Comparison) -> bool:
    """Does `output` count as `expected` under the rule?"""
    printed = output.decode(errors="replace")
    if compare == "exact":
        return printed.removesuffix("\n") == expected.removesuffix("\n")
    if compare == "decimals":
        return _same_decimals(printed, expected)
    lines = [line.rstrip() for line in printed.rstrip().split("\n")]
    wanted = [line.rstrip() for line in expected.rstrip().split("\n")]
    if lines == wanted:
        return True
    return (
        compare == "numbers"
        and len(lines) == len(wanted)
        and all(
            one == other or _same_words(one, other)
            for one, other in zip(lines, wanted, strict=True)
        )
    )


def _same_decimals(printed: str, expected: str) -> bool:
    lines = [line.strip() for line in printed.strip().split("\n")]
    wanted = [line.strip() for line in expected.strip().split("\n")]
    return len(lines) == len(wanted) and all(
        one == other or _decimals(one) == _decimals(other) is not None
        for one, other in zip(lines, wanted, strict=True)
    )


def _decimals(line: str) -> list[Decimal] | None:
    """The numbers of a line; None where a word is none, or so long that it could cost much."""
    if any(len(word) > MAX_NUMBER_CHARACTERS for word in line.split()):
        return None
    try:
        numbers = [Decimal(word) for word in line.split()]
    except InvalidOperation:
        return None
    # One that is no number is equal to nothing; to ask a signalling one raises.
    return None if any(number.is_nan() for number in numbers) else numbers


def _same_words(line: str, wanted: str) -> bool:
    words, others = line.split(), wanted.split()
    return len(words) == len(others) and all(
        one == other or _same_number(one, other) for one, other in zip(words, others, strict=True)
    )


def _same_number(word: str, wanted: str) -> bool:
    if max(len(word), len(wanted)) > MAX_NUMBER_CHARACTERS:
        return False
    found = [NUMBER.fullmatch(each) for each in (word, wanted)]
    if not all(found) or not any(match and match["fraction"] for match in found):
        return False
    one, other = float(word), float(wanted)
    return math.isfinite(one) and math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
