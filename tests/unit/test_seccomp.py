"""The two filters, run instruction by instruction: what a program's process may ask of the kernel."""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.sandbox.worker.isolation import seccomp

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
X86_64, I386 = 0xC000003E, 0x40000003
PID = 4242
BASE = seccomp.assemble(seccomp.base_rules(), struct.pack("HBBI", 6, 0, 0, ERRNO | errno.EPERM))
OWN = seccomp.assemble(seccomp.own_rules(PID), struct.pack("HBBI", 6, 0, 0, ALLOW))


@dataclass(frozen=True)
class Call:
    number: int
    arguments: tuple[int, ...] = ()
    arch: int = X86_64

    def data(self) -> bytes:
        padded = (*self.arguments, *[0] * (6 - len(self.arguments)))
        return struct.pack("=IIQ6Q", self.number, self.arch, 0, *padded)


def run(code: bytes, call: Call) -> int:
    """Classic BPF over struct seccomp_data, as the kernel runs it."""
    ops = list(struct.iter_unpack("HBBI", code))
    data, accumulator, at = call.data(), 0, 0
    while True:
        kind, if_true, if_false, value = ops[at]
        at += 1
        if kind == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif kind == 0x05:
            at += value
        elif kind == 0x06:
            return int(value)
        else:
            holds = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }[kind]
            at += if_true if holds else if_false


def allowed(call: Call) -> bool:
    """By both filters of a program's process."""
    return run(BASE, call) == run(OWN, call) == ALLOW


THREAD = 0x3D0F00  # what pthread_create asks of clone


@pytest.mark.parametrize(
    "call",
    [
        Call(0),
        Call(1),
        Call(9),
        Call(202),
        Call(231),
        Call(439),
        Call(56, (THREAD,)),
        Call(62, (PID, 9)),
        Call(234, (PID, 7, 6)),
        Call(302, (0, 7)),
        Call(72, (3, 3)),
        Call(72, (3, 4, 0o4000)),
        Call(16, (3, 0x5421)),
        Call(228, (1,)),
    ],
    ids=str,
)
def test_a_program_may(call: Call) -> None:
    assert allowed(call)


@pytest.mark.parametrize(
    "call",
    [
        Call(41),
        Call(42),
        Call(57),
        Call(58),
        Call(59),
        Call(101),
        Call(165),
        Call(272),
        Call(308),
        Call(310),
        Call(311),
        Call(321),
        Call(323),
        Call(425),
        Call(434),
        Call(435),
        Call(56, (17,)),
        Call(56, (0x10000000,)),
        Call(62, (1, 9)),
        Call(62, (0, 9)),
        Call(62, (2**32 - 1, 9)),
        Call(234, (1, 1, 9)),
        Call(302, (1, 7)),
        Call(72, (3, 8)),
        Call(72, (3, 4, 0o20000)),
        Call(16, (3, 0x5412)),
        Call(228, (2**32 - 6,)),
        Call(46),
        Call(47),
        Call(112),
        Call(116),
        Call(117),
        Call(119),
        Call(126),
        Call(157),
        Call(436),
        Call(0x40000000),
        Call(0x40000000 + 39),
        Call(100_000),
        Call(2**32 - 1),
    ],
    ids=str,
)
def test_a_program_may_not(call: Call) -> None:
    assert not allowed(call)


@pytest.mark.parametrize("number", [46, 47, 112, 117, 119, 126, 157, 436])
def test_what_a_new_process_gives_up_its_rights_with_is_the_bases_alone(number: int) -> None:
    assert run(BASE, Call(number)) == ALLOW


def test_without_effect_is_told_as_done() -> None:
    assert run(BASE, Call(90)) == ERRNO
    assert run(BASE, Call(72, (3, 6))) == ERRNO


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_another_architectures_calls_end_the_process(number: int, arguments: list[int]) -> None:
    assert run(BASE, Call(number, tuple(arguments), I386)) == KILL


@given(st.integers(0, 1200), st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_the_search_finds_each_numbers_rule(number: int, arguments: list[int]) -> None:
    call = Call(number, tuple(arguments))
    rule = seccomp.base_rules().get(number)
    if rule is None:
        assert run(BASE, call) == ERRNO | errno.EPERM
    else:
        load = [struct.pack("HBBI", 0x20, 0, 0, 0)]
        assert run(BASE, call) == run(b"".join(load + rule), call)


@given(st.dictionaries(st.integers(0, 600), st.integers(0, 4095), max_size=80), st.integers(0, 700))
def test_any_table_is_found_again(table: dict[int, int], number: int) -> None:
    rules = {n: [struct.pack("HBBI", 6, 0, 0, ERRNO | code)] for n, code in table.items()}
    code = seccomp.assemble(rules, struct.pack("HBBI", 6, 0, 0, ALLOW))
    expected = ERRNO | table[number] if number in table else ALLOW
    assert run(code, Call(number)) == expected
