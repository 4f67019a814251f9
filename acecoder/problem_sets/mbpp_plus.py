"""MBPP+ of EvalPlus: the sanitized tasks of MBPP with some 100 inputs each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acecoder.problem_sets import evalplus
from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data, Hub, Source
from acecoder.schema import Problem

HUB = Hub("evalplus/mbppplus")
ORACLES = {
    "are_equivalent": "anything",
    "sum_div": "equal_or_zero",
    "surface_Area": "surface_area",
    "digit_distance_nums": "digit_distance",
    **dict.fromkeys(("check_str", "text_match_three", "text_starta_endb"), "is_something"),
    **dict.fromkeys(
        ("similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly",
         "larg_nnum", "intersection_array", "find_dissimilar", "Diff"),
        "same_items",
    ),
}  # fmt: skip
"""Rules of tasks of which more than one answer is right, by entry point."""

ITEMS = frozenset((
    2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726,
    740, 744, 809,
))  # fmt: skip
"""Tasks whose every argument is a tuple. JSON knows lists alone, so a release does not say it."""
ITEMS_OF_ITEMS = frozenset((63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780))
"""Whose every argument is a list of tuples."""
FIRST_OF_ITEMS = frozenset((75, 413, 444, 753))
"""Whose first argument is a list of tuples."""
FIRST = frozenset((250, 307, 405, 446, 617, 720, 763, 808))
"""Whose first argument is a tuple."""
SECOND = frozenset((106, 750))
"""Whose second argument is a tuple."""
NESTED = frozenset((259, 401, 445))
"""Whose every argument is a tuple of tuples."""
THROUGHOUT = frozenset((580, 615, 791))
"""Where every list, at any depth, is a tuple."""


def _convert(task: str, given: list[Any]) -> list[Any]:
    """The arguments with the types that the task's function takes."""
    number = int(task.rpartition("/")[2])
    first, rest = given[0] if given else None, given[1:]
    if number in ITEMS:
        return [tuple(each) for each in given]
    if number in ITEMS_OF_ITEMS:
        return [[tuple(item) for item in each] for each in given]
    if number in FIRST_OF_ITEMS:
        return [[tuple(item) for item in given[0]], *rest]
    if number in FIRST:
        return [tuple(given[0]), *rest]
    if number in SECOND:
        return [first, tuple(given[1])]
    if number in NESTED:
        return [tuple(tuple(item) for item in each) for each in given]
    if number in THROUGHOUT:
        return [_throughout(each) for each in given]
    return _special(number, given)


def _special(number: int, given: list[Any]) -> list[Any]:
    if number == 115:
        return [[set(each) if isinstance(each, list) and each else {} for each in given[0]]]
    if number == 124:
        return [float(given[0]), complex(given[1])]
    if number == 252:
        return [complex(given[0])]
    if number == 278:
        return [tuple(tuple(each) if isinstance(each, list) else each for each in given[0])]
    if number == 722:
        return [{key: tuple(value) for key, value in given[0].items()}, *given[1:]]
    return given


def _throughout(value: Any) -> Any:
    return tuple(map(_throughout, value)) if isinstance(value, list) else value


def _load(part: str, data: Data) -> Iterator[Problem]:
    return evalplus.problems(Source(HUB, data), "mbpp_plus", ORACLES, _convert)


SET = ProblemSet(_load, lambda part, data: Source(HUB, data).digest(), hub=HUB.repository)
