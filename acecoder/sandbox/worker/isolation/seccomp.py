"""Seccomp filters that allow what a Python program computes with, and refuse the rest.

An allow list: a system call nobody thought of is refused. No process creation (threads only), no
sockets, no ptrace, no mounts, no new namespaces, no shared memory, no io_uring, no change of a
file's mode or times (gVisor allows them on a read-only mount, where the next program could see
them). x86-64 only.

Two filters, because the kernel compiles each at its installation. `install_base` is for the
process that forks the programs, and inherited: the allow list, and what a new program needs until
it has given up its rights. `OwnFilter` is small, installed by every program, and takes that back.
"""

import ctypes
import errno
import os
import platform
import struct

from . import system

ALLOWED = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7,
    "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "pwrite64": 18, "readv": 19,
    "writev": 20, "access": 21, "pipe": 22, "select": 23, "sched_yield": 24, "mremap": 25,
    "madvise": 28, "dup": 32, "dup2": 33, "pause": 34, "nanosleep": 35, "getitimer": 36,
    "alarm": 37, "setitimer": 38, "getpid": 39, "sendto": 44, "recvfrom": 45, "shutdown": 48,
    "socketpair": 53, "exit": 60, "uname": 63,
    "fsync": 74, "fdatasync": 75, "truncate": 76,
    "ftruncate": 77, "getcwd": 79, "chdir": 80, "fchdir": 81, "rename": 82, "mkdir": 83,
    "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "readlink": 89,
    "umask": 95, "gettimeofday": 96, "getrlimit": 97,
    "getrusage": 98, "sysinfo": 99, "times": 100, "getuid": 102, "getgid": 104,
    "geteuid": 107, "getegid": 108, "getppid": 110, "getpgrp": 111, "getpgid": 121,
    "getsid": 124, "rt_sigpending": 127, "rt_sigtimedwait": 128, "sigaltstack": 131,
    "gettid": 186, "time": 201, "futex": 202, "sched_getaffinity": 204,
    "getdents64": 217, "set_tid_address": 218, "restart_syscall": 219, "fadvise64": 221,
    "exit_group": 231,
    "epoll_wait": 232, "epoll_ctl": 233, "openat": 257, "mkdirat": 258,
    "newfstatat": 262, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266,
    "readlinkat": 267, "faccessat": 269, "pselect6": 270, "ppoll": 271,
    "set_robust_list": 273, "get_robust_list": 274, "epoll_pwait": 281,
    "eventfd2": 290, "epoll_create1": 291, "dup3": 292, "pipe2": 293, "renameat2": 316,
    "getrandom": 318, "membarrier": 324, "statx": 332, "rseq": 334, "faccessat2": 439,
}  # fmt: skip
WITHOUT_EFFECT = {"flock": 73, "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452}
"""Reported as done and not done: `shutil.copy` needs them to succeed, and in gVisor they reach
files of read-only mounts. A lock on a file of the interpreter would be seen by programs in other
workers, and by the host."""
UTIMENSAT = 280
"""Without effect where it is given times (`shutil.copy2`), refused where not: `Path.touch` makes
the file then."""
XATTR = range(188, 200)
"""setxattr to fremovexattr: answered as by a file system without them."""
CLOCKS = (228, 229, 230)
"""clock_gettime, clock_getres, clock_nanosleep: of the clocks that have a name. A negative number
is the CPU time of another process, PID 1 among them, which a program could spend for the next."""
NAMED_CLOCKS = 16
KILL, TGKILL = 62, 234
CLONE, IOCTL, FCNTL, PRLIMIT64, CLONE3 = 56, 16, 72, 302, 435
FCNTLS = (0, 1, 2, 3, 5, 36, 1030, 1032)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_OFD_GETLK, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. What
F_SETOWN and F_SETSIG set stays on the pipe that programs share, and sends signals to others."""
F_SETFL, O_ASYNC = 4, 0o20000
FCNTLS_WITHOUT_EFFECT = (6, 7, 37, 38)
"""F_SETLK, F_SETLKW and their kin: as `flock`; sqlite needs them to succeed."""
IOCTLS = (0x5421, 0x5450, 0x5451, 0x541B)  # FIONBIO, FIONCLEX, FIOCLEX, FIONREAD
CLONE_THREAD = 0x00010000
CLONE_NAMESPACES = 0x7E020000
UNTIL_ISOLATED = {
    "sendmsg": 46,
    "recvmsg": 47,
    "setsid": 112,
    "setgroups": 116,
    "setresuid": 117,
    "setresgid": 119,
    "capset": 126,
    "prctl": 157,
    "close_range": 436,
}
"""What the zygote talks with, and what its child gives up its rights with."""

_ARCH_X86_64 = 0xC000003E
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _JUMP, _RETURN = 0x20, 0x05, 0x06
_JUMP_EQ, _JUMP_GE, _JUMP_SET = 0x15, 0x35, 0x45
_NUMBER, _ARCH, _ARG0, _ARG1, _ARG2 = 0, 4, 16, 24, 32  # offsets into struct seccomp_data
_SECCOMP_MODE_FILTER = 2

_Ops = list[bytes]
"""BPF instructions, eight bytes each. A rule is some that end in a return on every path."""


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


_allow = _op(_RETURN, _ALLOW)


def _refuse(code: int) -> bytes:
    return _op(_RETURN, _ERRNO | code)


def _if_argument(argument: int, test: int, value: int, then: bytes, otherwise: bytes) -> _Ops:
    return [_op(_LOAD, argument), _op(test, value, 0, 1), then, otherwise]


def _one_of(argument: int, answers: dict[int, bytes], otherwise: _Ops) -> _Ops:
    ops = [_op(_LOAD, argument)]
    for value, answer in answers.items():
        ops += [_op(_JUMP_EQ, value, 0, 1), answer]
    return ops + otherwise


def base_rules() -> dict[int, _Ops]:
    """System call number -> rule; the rest is refused."""
    rules = {number: [_allow] for number in (*ALLOWED.values(), *UNTIL_ISOLATED.values())}
    rules |= {number: [_refuse(0)] for number in WITHOUT_EFFECT.values()}
    rules |= {number: [_refuse(errno.ENOTSUP)] for number in XATTR}
    rules[UTIMENSAT] = [
        _op(_LOAD, _ARG2),
        _op(_JUMP_EQ, 0, 0, 3),
        _op(_LOAD, _ARG2 + 4),
        _op(_JUMP_EQ, 0, 0, 1),
        _refuse(errno.EPERM),
        _refuse(0),
    ]
    for number in CLOCKS:
        rules[number] = _if_argument(_ARG0, _JUMP_GE, NAMED_CLOCKS, _refuse(errno.EINVAL), _allow)
    rules[CLONE] = _if_argument(_ARG0, _JUMP_SET, CLONE_NAMESPACES, _refuse(errno.EPERM), _allow)
    # glibc falls back to clone, whose flags a filter can read.
    rules[CLONE3] = [_refuse(errno.ENOSYS)]
    rules[KILL] = rules[TGKILL] = [_allow]
    # Its own limits only: pid 0. Another's would reach the supervisor, which may share the uid.
    rules[PRLIMIT64] = _if_argument(_ARG0, _JUMP_EQ, 0, _allow, _refuse(errno.EPERM))
    # Descriptors may be copied and made non-blocking; none may send a signal or hold a lock.
    commands = dict.fromkeys(FCNTLS, _allow) | dict.fromkeys(FCNTLS_WITHOUT_EFFECT, _refuse(0))
    rules[FCNTL] = _one_of(
        _ARG1,
        commands,
        [
            _op(_JUMP_EQ, F_SETFL, 0, 3),
            _op(_LOAD, _ARG2),
            _op(_JUMP_SET, O_ASYNC, 1, 0),
            _allow,
            _refuse(errno.EINVAL),
        ],
    )
    # What a file object and an event loop ask of their descriptors; no terminal, no device.
    rules[IOCTL] = _one_of(_ARG1, dict.fromkeys(IOCTLS, _allow), [_refuse(errno.ENOTTY)])
    return rules


def own_rules(pid: int) -> dict[int, _Ops]:
    """System call number -> rule of one program's process; the base has the say on the rest."""
    rules = {number: [_refuse(errno.EPERM)] for number in UNTIL_ISOLATED.values()}
    # Threads only: without CLONE_THREAD, clone would make a process.
    rules[CLONE] = _if_argument(_ARG0, _JUMP_SET, CLONE_THREAD, _allow, _refuse(errno.EPERM))
    # Signals to itself only: gVisor lets PID 1 of a namespace be killed from inside, and the
    # supervisor may share the uid.
    for number in (KILL, TGKILL):
        rules[number] = _if_argument(_ARG0, _JUMP_EQ, pid, _allow, _refuse(errno.EPERM))
    return rules


def assemble(rules: dict[int, _Ops], otherwise: bytes) -> bytes:
    """The BPF program: a binary search for the number's rule.

    The kernel runs a new filter once for every number there is, to remember which it always
    allows: a chain of comparisons would be run through thousands of times.
    """
    starts = {0: [otherwise]}
    for number in sorted(rules):
        starts[number] = rules[number]
        starts.setdefault(number + 1, [otherwise])
    merged: list[tuple[int, _Ops]] = []
    for number in sorted(starts):
        if not merged or merged[-1][1] != starts[number]:
            merged.append((number, starts[number]))
    check = [_op(_LOAD, _ARCH), _op(_JUMP_EQ, _ARCH_X86_64, 1, 0), _op(_RETURN, _KILL)]
    return b"".join([*check, _op(_LOAD, _NUMBER), *_search(merged)])


def _search(starts: list[tuple[int, _Ops]]) -> _Ops:
    if len(starts) == 1:
        return starts[0][1]
    middle = len(starts) // 2
    below, above = _search(starts[:middle]), _search(starts[middle:])
    # A conditional jump reaches 255 instructions, the other kind any number.
    return [_op(_JUMP_GE, starts[middle][0], 0, 1), _op(_JUMP, len(below)), *below, *above]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def supported() -> bool:
    return platform.machine() == "x86_64"


def install_base() -> None:
    """Put this process, and all it starts, under the base filter; cannot be undone.

    Needs PR_SET_NO_NEW_PRIVS.
    """
    code = assemble(base_rules(), _refuse(errno.EPERM))
    buffer = ctypes.create_string_buffer(code, len(code))
    _install(_Program(len(code) // 8, ctypes.addressof(buffer)))


class OwnFilter:
    """The filter of one program's process, made before the fork but for its pid."""

    _PID = 0x7A5B3C1D

    def __init__(self) -> None:
        code = assemble(own_rules(self._PID), _allow)
        mark, at = struct.pack("I", self._PID), -1
        self._pid_at = []
        while (at := code.find(mark, at + 1)) >= 0:
            self._pid_at.append(at)
        self._buffer = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // 8, ctypes.addressof(self._buffer))

    def install(self) -> None:
        """Put this process under it; cannot be undone."""
        for at in self._pid_at:
            struct.pack_into("I", self._buffer, at, os.getpid())
        _install(self._program)


def _install(program: _Program) -> None:
    system.prctl(system.PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))
