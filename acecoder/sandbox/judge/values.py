"""What answers become on the trusted side, where Python's own types would say too little.

* `Opaque`: an object of a class the judge does not know.
* Subclasses: a value of a program's subclass of a plain type counts as its plain value, but is not
  *of* that type (`type(x) is str` is false), and shows itself as the program's class says.
* Ordered sets: iteration follows the program's own order, or the order of the test's text. Python's
  order would hang on the hash seed of the judging process.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


class Malformed(Exception):
    """The bytes are not an answer this parser knows, or do not say what was asked of them."""


class Opaque:
    """An answer that is not plain data: an object of which the program has told a little.

    It is equal to itself alone. Where its class defines `__eq__`, nobody can tell, and a comparison
    raises `Malformed`: the program would have a say in what it is held against.
    """

    __slots__ = ("compares", "items", "kind", "length", "text", "truth", "type_name")

    def __init__(
        self,
        type_name: str,
        text: str,
        *,
        kind: int = 0,
        compares: bool = False,
        truth: bool | None = None,
        length: int | None = None,
        items: list[Any] | None = None,
    ) -> None:
        self.type_name = type_name
        self.text = text
        self.kind = kind
        """The number of its class among those of this test's answers."""
        self.compares = compares
        """Its class defines `__eq__`."""
        self.truth = truth
        self.length = length
        self.items = items
        """What it yields, where it can be iterated."""

    def __eq__(self, other: object) -> bool:
        if self.compares or (isinstance(other, Opaque) and other.compares):
            raise Malformed(f"{self.type_name} has an equality of its own, which is not asked")
        return self is other

    def __hash__(self) -> int:
        return id(self)  # keys of one answer are different, as the program had it

    def __bool__(self) -> bool:
        if self.truth is None:
            raise Malformed(f"the truth of a {self.type_name} is unknown")
        return self.truth

    def __len__(self) -> int:
        if self.length is None:
            raise TypeError(f"a {self.type_name} has no length")
        return self.length

    def __iter__(self) -> Iterator[Any]:
        if self.items is None:
            raise TypeError(f"a {self.type_name} yields nothing")
        return iter(self.items)

    def __contains__(self, item: object) -> bool:
        raise TypeError(f"what a {self.type_name} holds is not known")

    def __repr__(self) -> str:
        return self.text


class OrderedSet(set[Any]):
    """A set that yields its items in the order they were given."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._order = dict.fromkeys(items)
        super().__init__(self._order)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._order)

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self))}}}" if self else "set()"


class OrderedFrozenset(frozenset[Any]):
    """A frozenset that yields its items in the order they were given."""

    _order: dict[Any, None]

    def __new__(cls, items: Iterable[Any] = ()) -> OrderedFrozenset:
        order = dict.fromkeys(items)
        made = super().__new__(cls, order)
        made._order = order
        return made

    def __iter__(self) -> Iterator[Any]:
        return iter(self._order)

    def __repr__(self) -> str:
        return f"frozenset({{{', '.join(map(repr, self))}}})" if self else "frozenset()"


def ordered(made: Any, *operands: Any) -> Any:
    """A set that Python made of `operands`, with an order that hangs on theirs alone."""
    if type(made) not in (set, frozenset):
        return made
    order = (item for operand in operands if _has_items(operand) for item in operand)
    kind = OrderedSet if isinstance(made, set) else OrderedFrozenset
    return kind(item for item in order if item in made)


def _has_items(value: Any) -> bool:
    return isinstance(value, (*PLAIN, *VIEWS)) and not isinstance(value, (int, float, complex))


SET_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.items()))
"""Views that Python lets be operands of set operations."""
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
PLAIN = (
    int, float, str, list, tuple, dict, OrderedDict, OrderedSet, OrderedFrozenset, bytes, bytearray,
    complex, range, deque,
)  # fmt: skip


class OfSubclass:
    """What is mixed into a plain type for a value of a program's subclass of it."""

    kind: int
    """The number of its class among those of this test's answers."""
    shown: str | None
    """Its `repr`, where the class has its own."""
    told: str | None
    """Its `str`, where the class has its own."""

    def __repr__(self) -> str:
        return super().__repr__() if self.shown is None else self.shown

    def __str__(self) -> str:
        if self.told is not None:
            return self.told
        return str.__str__(self) if isinstance(self, str) else self.__repr__()


SUBCLASSES: dict[type, type] = {
    base: type(f"Own{base.__name__}", (OfSubclass, base), {}) for base in PLAIN if base is not range
}
"""Of each plain type the one that stands for all of a program's subclasses of it."""


def of_subclass(value: Any, kind: int, shown: str | None, told: str | None) -> Any:
    """`value` as one of a program's subclass of its type, with what `repr` and `str` said of it.

    Raises: Malformed where its type is none that has subclasses.
    """
    base = type(value)
    if base not in SUBCLASSES:
        raise Malformed(f"a subclass of {base.__name__}")
    made: Any = SUBCLASSES[base](value)
    made.kind, made.shown, made.told = kind, shown, told
    return made


@dataclass(frozen=True)
class OwnType:
    """The type of an answer, where it is a class of the program's."""

    kind: int


def type_of(value: Any) -> Any:
    """As `type`, of an answer or of what the judge made."""
    if isinstance(value, Opaque | OfSubclass):
        return OwnType(value.kind)
    return {OrderedSet: set, OrderedFrozenset: frozenset}.get(type(value), type(value))
