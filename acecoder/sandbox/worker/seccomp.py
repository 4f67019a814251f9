"""A seccomp filter that allows what a Python program computes with, and refuses the rest.

An allow list: a system call nobody thought of is refused. No process creation (threads only), no
sockets, no ptrace, no mounts, no new namespaces, no shared memory, no io_uring, no change of a
file's mode or times (gVisor allows them on a read-only mount, where the next program could see
them). x86-64 only.
"""

import ctypes
import errno
import os
import platform
import struct

from worker import system

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
OWN_PID = 0x7A5B3C1D
"""Replaced by the process's own, in `install`."""
CLONE, IOCTL, FCNTL, PRLIMIT64, CLONE3 = 56, 16, 72, 302, 435
FCNTLS = (0, 1, 2, 3, 5, 36, 1030, 1032)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_OFD_GETLK, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. What
F_SETOWN and F_SETSIG set stays on the pipe that programs share, and sends signals to others."""
F_SETFL, O_ASYNC = 4, 0o20000
FCNTLS_WITHOUT_EFFECT = (6, 7, 37, 38)
"""F_SETLK, F_SETLKW and their kin: as `flock`; sqlite needs them to succeed."""
IOCTLS = (0x5421, 0x5450, 0x5451, 0x541B)  # FIONBIO, FIONCLEX, FIOCLEX, FIONREAD
CLONE_THREAD = 0x00010000

_ARCH_X86_64 = 0xC000003E
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _JUMP_EQ, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARG0, _ARG1, _ARG2 = 0, 4, 16, 24, 32  # offsets into struct seccomp_data
_SECCOMP_MODE_FILTER = 2


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(code: int) -> bytes:
    return _op(_RETURN, _ERRNO | code)


def build() -> bytes:
    """The BPF program, eight bytes an instruction."""
    ops = [
        _op(_LOAD, _ARCH), _op(_JUMP_EQ, _ARCH_X86_64, 1, 0), _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER), _op(_JUMP_GE, 0x40000000, 0, 1), _refuse(errno.EPERM),
    ]  # fmt: skip
    for number in ALLOWED.values():
        ops += [_op(_JUMP_EQ, number, 0, 1), _op(_RETURN, _ALLOW)]
    for number in WITHOUT_EFFECT.values():
        ops += [_op(_JUMP_EQ, number, 0, 1), _refuse(0)]
    for number in XATTR:
        ops += [_op(_JUMP_EQ, number, 0, 1), _refuse(errno.ENOTSUP)]
    ops += [
        _op(_JUMP_EQ, UTIMENSAT, 0, 6), _op(_LOAD, _ARG2), _op(_JUMP_EQ, 0, 0, 3),
        _op(_LOAD, _ARG2 + 4), _op(_JUMP_EQ, 0, 0, 1), _refuse(errno.EPERM), _refuse(0),
    ]  # fmt: skip
    # Threads only: without CLONE_THREAD, clone would make a process.
    ops += [
        _op(_JUMP_EQ, CLONE, 0, 4), _op(_LOAD, _ARG0), _op(_JUMP_SET, CLONE_THREAD, 0, 1),
        _op(_RETURN, _ALLOW), _refuse(errno.EPERM),
    ]  # fmt: skip
    for number in CLOCKS:
        ops += [
            _op(_JUMP_EQ, number, 0, 4), _op(_LOAD, _ARG0), _op(_JUMP_GE, NAMED_CLOCKS, 1, 0),
            _op(_RETURN, _ALLOW), _refuse(errno.EINVAL),
        ]  # fmt: skip
    # Signals to itself only: gVisor lets PID 1 of a namespace be killed from inside, and the
    # supervisor may share the uid.
    for number in (KILL, TGKILL):
        ops += [
            _op(_JUMP_EQ, number, 0, 4), _op(_LOAD, _ARG0), _op(_JUMP_EQ, OWN_PID, 0, 1),
            _op(_RETURN, _ALLOW), _refuse(errno.EPERM),
        ]  # fmt: skip
    # Its own limits only: pid 0. Another's would reach the supervisor, which may share the uid.
    ops += [
        _op(_JUMP_EQ, PRLIMIT64, 0, 4), _op(_LOAD, _ARG0), _op(_JUMP_EQ, 0, 0, 1),
        _op(_RETURN, _ALLOW), _refuse(errno.EPERM),
    ]  # fmt: skip
    # Descriptors may be copied and made non-blocking; none may send a signal or hold a lock.
    ops += [
        _op(_JUMP_EQ, FCNTL, 0, 6 + 2 * (len(FCNTLS) + len(FCNTLS_WITHOUT_EFFECT))), _op(_LOAD, _ARG1),
    ]  # fmt: skip
    for command in FCNTLS:
        ops += [_op(_JUMP_EQ, command, 0, 1), _op(_RETURN, _ALLOW)]
    for command in FCNTLS_WITHOUT_EFFECT:
        ops += [_op(_JUMP_EQ, command, 0, 1), _refuse(0)]
    ops += [
        _op(_JUMP_EQ, F_SETFL, 0, 3), _op(_LOAD, _ARG2), _op(_JUMP_SET, O_ASYNC, 1, 0),
        _op(_RETURN, _ALLOW), _refuse(errno.EINVAL),
    ]  # fmt: skip
    # What a file object and an event loop ask of their descriptors; no terminal, no device.
    ops += [_op(_JUMP_EQ, IOCTL, 0, 2 + 2 * len(IOCTLS)), _op(_LOAD, _ARG1)]
    for request in IOCTLS:
        ops += [_op(_JUMP_EQ, request, 0, 1), _op(_RETURN, _ALLOW)]
    ops += [_refuse(errno.ENOTTY)]
    # glibc falls back to clone, whose flags a filter can read.
    ops += [_op(_JUMP_EQ, CLONE3, 0, 1), _refuse(errno.ENOSYS)]
    return b"".join([*ops, _refuse(errno.EPERM)])


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def supported() -> bool:
    return platform.machine() == "x86_64"


def install(program: bytes) -> None:
    """Put this thread, and all it starts, under the filter; cannot be undone."""
    own = struct.pack("I", os.getpid())
    program = program.replace(struct.pack("I", OWN_PID), own)
    system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
    filter_ = _Program(len(program) // 8, program)
    system.prctl(system.PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_))
