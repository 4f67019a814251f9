"""As much of pytest as test files of data sets use, for test files that run beside a program.

`raises`, `approx`, `mark.parametrize`, `mark.skip`, fixtures (with `yield`, `params`, `autouse`) and
four of pytest's own. Pytest itself cannot be shown to programs: it is large, and takes longer to
import than a program may. Verdicts of such files are marked weak, whatever runs them.
"""

import asyncio
import contextlib
import inspect
import io
import itertools
import math
import os
import pathlib
import re
import tempfile
import types
import warnings as _warnings
from collections.abc import Callable, Iterator
from typing import Any


class Skipped(Exception):
    """What `skip` raises: the test says nothing."""


def fail(reason: str = "", pytrace: bool = True, msg: str = "") -> None:
    raise AssertionError(reason or msg)


def skip(reason: str = "", **options: Any) -> None:
    raise Skipped(reason)


def importorskip(name: str, *args: Any, **options: Any) -> Any:
    try:
        return __import__(name)
    except ImportError:
        raise Skipped(name) from None


class ExceptionInfo:
    """What was raised within `raises`."""

    value: BaseException

    @property
    def type(self) -> type:
        return type(self.value)

    def match(self, pattern: str) -> bool:
        assert re.search(pattern, str(self.value)), f"{self.value} does not match {pattern!r}"
        return True

    def __str__(self) -> str:
        return str(self.value)


class _Raises:
    def __init__(self, kinds: Any, match: Any) -> None:
        self._kinds, self._match, self._info = kinds, match, ExceptionInfo()

    def __enter__(self) -> ExceptionInfo:
        return self._info

    def __exit__(self, kind: Any, value: Any, trace: Any) -> bool:
        if value is None:
            raise AssertionError(f"did not raise {self._kinds}")
        if not isinstance(value, self._kinds):
            return False
        self._info.value = value
        if self._match is not None:
            self._info.match(self._match)
        return True


def raises(kinds: Any, *args: Any, match: Any = None, **named: Any) -> Any:
    if not args:
        return _Raises(kinds, match)
    with _Raises(kinds, match) as info:
        args[0](*args[1:], **named)
    return info


@contextlib.contextmanager
def warns(kinds: Any = Warning, *, match: Any = None) -> Iterator[Any]:
    with _warnings.catch_warnings(record=True) as caught:
        _warnings.simplefilter("always")
        yield caught
    told = [w for w in caught if issubclass(w.category, kinds)]
    if not any(match is None or re.search(match, str(w.message)) for w in told):
        raise AssertionError(f"did not warn {kinds}")


class approx:  # noqa: N801, the name is pytest's
    """Numbers that are about the same, alone or in sequences, dicts and arrays."""

    __array_ufunc__ = None
    __array_priority__ = 100

    def __init__(self, expected: Any, rel: Any = None, abs: Any = None, nan_ok: bool = False):
        self.expected, self._rel, self._abs, self._nan_ok = expected, rel, abs, nan_ok

    def __eq__(self, actual: object) -> bool:
        return self._same(actual, self.expected)

    def __ne__(self, actual: object) -> bool:
        return not self == actual

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"approx({self.expected!r})"

    def _same(self, actual: Any, expected: Any) -> bool:
        if hasattr(expected, "tolist") or hasattr(actual, "tolist"):
            plain = [
                each.tolist() if hasattr(each, "tolist") else each for each in (actual, expected)
            ]
            return self._same(*plain)
        if isinstance(expected, dict):
            return (
                isinstance(actual, dict)
                and actual.keys() == expected.keys()
                and all(self._same(actual[key], expected[key]) for key in expected)
            )
        if isinstance(expected, (list, tuple)):
            return (
                isinstance(actual, (list, tuple))
                and len(actual) == len(expected)
                and all(map(self._same, actual, expected))
            )
        return self._near(actual, expected)

    def _near(self, actual: Any, expected: Any) -> bool:
        if actual == expected:
            return True
        try:
            if math.isnan(abs(expected)):
                return self._nan_ok and math.isnan(abs(actual))
            if math.isinf(abs(expected)):
                return False
            relative = 0.0 if self._rel is None and self._abs is not None else self._rel
            relative = 1e-6 if relative is None else relative
            absolute = 1e-12 if self._abs is None else self._abs
            return bool(abs(expected - actual) <= max(relative * abs(expected), absolute))
        except TypeError:
            return False


class param:  # noqa: N801, the name is pytest's
    """One case of `parametrize`."""

    def __init__(self, *values: Any, id: Any = None, marks: Any = ()) -> None:
        self.values = values
        self.marks = marks if isinstance(marks, (list, tuple)) else (marks,)


class _Mark:
    """A decorator that notes what it was given; marks that are not known say nothing."""

    def __init__(self, name: str, args: tuple[Any, ...] = (), named: Any = None) -> None:
        self.name, self.args, self.named = name, args, named or {}

    def __call__(self, *args: Any, **named: Any) -> Any:
        if (
            len(args) == 1
            and not named
            and (inspect.isfunction(args[0]) or inspect.isclass(args[0]))
        ):
            marked: Any = args[0]
            marked._marks = [self, *vars(marked).get("_marks", [])]
            return marked
        return _Mark(self.name, args, named)

    def skips(self) -> bool:
        return self.name == "skip" or (self.name == "skipif" and bool(self.args[0]))


class _Marks:
    def __getattr__(self, name: str) -> _Mark:
        return _Mark(name)


mark = _Marks()


def fixture(function: Any = None, **options: Any) -> Any:
    def note(function: Any) -> Any:
        function._fixture = options
        return function

    return note if function is None else note(function)


def run(namespace: dict[str, Any], functions: list[str], classes: dict[str, list[str]]) -> None:
    """Run the tests of a file, every case of each. Raises what the first that fails raises."""
    for name in functions:
        _run_cases(namespace, None, namespace[name], [])
    for name, methods in classes.items():
        kind = namespace[name]
        if hasattr(kind, "setup_class"):
            kind.setup_class()
        for method in methods:
            _run_cases(namespace, kind, getattr(kind, method), vars(kind).get("_marks", []))


def _run_cases(namespace: dict[str, Any], kind: Any, function: Any, marks: list[_Mark]) -> None:
    marks = [*marks, *getattr(function, "_marks", [])]
    if any(each.skips() for each in marks):
        return
    choices = [_cases(each) for each in marks if each.name == "parametrize"]
    fixtures = _Fixtures(namespace, kind)
    for case in itertools.product(*choices):
        given = {name: value for part in case for name, value in part.items()}
        for chosen in fixtures.choices(function, given):
            with contextlib.suppress(Skipped):
                _run_one(fixtures, kind, function, given, chosen)


def _cases(each: _Mark) -> list[dict[str, Any]]:
    names, values = (*each.args, each.named.get("argvalues"))[:2]
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    cases = []
    for value in values or ():
        if isinstance(value, param):
            if any(isinstance(m, _Mark) and m.skips() for m in value.marks):
                continue
            value = value.values
        elif len(names) == 1:
            value = (value,)
        cases.append(dict(zip(names, value, strict=True)))
    return cases


def _run_one(fixtures: "_Fixtures", kind: Any, function: Any, given: Any, chosen: Any) -> None:
    case = kind() if kind is not None else None
    with contextlib.ExitStack() as stack:
        _hook(case, "setup_method", function)
        if case is not None:
            stack.callback(_hook, case, "teardown_method", function)
        values = fixtures.opened(stack, function, case, dict(given), chosen)
        result = function(case, **values) if case is not None else function(**values)
        if inspect.iscoroutine(result):
            asyncio.run(result)


def _hook(case: Any, name: str, function: Any) -> None:
    hook = getattr(case, name, None)
    if hook is not None:
        hook(*(function,) * (hook.__code__.co_argcount - 1))


def _parameters(function: Any) -> list[str]:
    return [
        name
        for name, each in inspect.signature(function).parameters.items()
        if name != "self" and each.default is each.empty and each.kind not in (2, 4)
    ]


class _Fixtures:
    """The fixtures a file defines, and pytest's own that are known here."""

    def __init__(self, namespace: dict[str, Any], kind: Any) -> None:
        named = {**namespace, **({name: getattr(kind, name) for name in dir(kind)} if kind else {})}
        self._known = {
            value._fixture.get("name") or name: value
            for name, value in named.items()
            if inspect.isfunction(value) and hasattr(value, "_fixture")
        }

    def _needed(self, function: Any, given: dict[str, Any]) -> list[str]:
        found: list[str] = []
        automatic = [name for name, each in self._known.items() if each._fixture.get("autouse")]
        waiting = [*automatic, *_parameters(function)]
        while waiting:
            name = waiting.pop()
            if name in self._known and name not in found and name not in given:
                found.append(name)
                waiting += _parameters(self._known[name])
        return found

    def choices(self, function: Any, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every choice of the parameters of the fixtures it needs."""
        several = [
            n for n in self._needed(function, given) if self._known[n]._fixture.get("params")
        ]
        for values in itertools.product(*(self._known[n]._fixture["params"] for n in several)):
            plain = (v.values[0] if isinstance(v, param) else v for v in values)
            yield dict(zip(several, plain, strict=True))

    def opened(
        self, stack: Any, function: Any, case: Any, values: dict[str, Any], chosen: dict[str, Any]
    ) -> dict[str, Any]:
        """The arguments of a test, its fixtures made and their ends on the stack."""
        automatic = [n for n, each in self._known.items() if each._fixture.get("autouse")]
        wanted = _parameters(function)
        for name in [*automatic, *wanted]:
            self._open(stack, name, case, values, chosen)
        return {name: values[name] for name in wanted}

    def _open(self, stack: Any, name: str, case: Any, values: Any, chosen: Any) -> None:
        if name in values:
            return
        if name not in self._known:
            values[name] = _OWN[name](stack)
            return
        maker = self._known[name]
        for part in _parameters(maker):
            if part != "request":
                self._open(stack, part, case, values, chosen)
        named = {
            part: types.SimpleNamespace(param=chosen.get(name))
            if part == "request"
            else values[part]
            for part in _parameters(maker)
        }
        first = [case] if "self" in inspect.signature(maker).parameters else []
        made = maker(*first, **named)
        if inspect.isgenerator(made):
            generator = made
            made = next(generator)
            stack.callback(next, generator, None)
        values[name] = made


class _MonkeyPatch:
    def __init__(self, stack: Any) -> None:
        self._stack = stack

    def setattr(self, target: Any, name: Any, value: Any, raising: bool = True) -> None:
        self._stack.callback(setattr, target, name, getattr(target, name, None))
        setattr(target, name, value)

    def setitem(self, target: Any, name: Any, value: Any) -> None:
        if name in target:
            self._stack.callback(target.__setitem__, name, target[name])
        else:
            self._stack.callback(target.pop, name, None)
        target[name] = value

    def setenv(self, name: str, value: str, prepend: Any = None) -> None:
        self.setitem(os.environ, name, str(value))

    def delenv(self, name: str, raising: bool = True) -> None:
        if name in os.environ:
            self._stack.callback(os.environ.__setitem__, name, os.environ.pop(name))


class _Captured:
    def __init__(self, stack: Any) -> None:
        self._out = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        self._err = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))

    def readouterr(self) -> Any:
        texts = []
        for stream in (self._out, self._err):
            texts.append(stream.getvalue())
            stream.seek(0)
            stream.truncate()
        return _Texts(*texts)


class _Texts(tuple[str, ...]):
    def __new__(cls, out: str, err: str) -> "_Texts":
        return super().__new__(cls, (out, err))

    out = property(lambda self: self[0])
    err = property(lambda self: self[1])


_OWN: dict[str, Callable[[Any], Any]] = {
    "tmp_path": lambda stack: pathlib.Path(tempfile.mkdtemp()),
    "capsys": _Captured,
    "monkeypatch": _MonkeyPatch,
    "request": lambda stack: types.SimpleNamespace(param=None),
}
