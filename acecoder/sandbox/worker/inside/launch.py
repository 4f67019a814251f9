"""From an ordinary process to PID 1 of closed namespaces.

Root maps a range of host uids that nobody owns, so that every program gets its own; an ordinary
user maps only itself. Either way the worker sees no network, no host process and no host file.
"""

import json
import os
import signal
import socket
import sys

from ..isolation import filesystem, seccomp, system
from ..wire import Data
from . import child, supervisor

FIRST_HOST_UID = 1_800_000_000
MAPPED_UIDS = 65_536
NAMESPACES = (
    system.CLONE_NEWUSER
    | system.CLONE_NEWNS
    | system.CLONE_NEWPID
    | system.CLONE_NEWNET
    | system.CLONE_NEWIPC
    | system.CLONE_NEWUTS
)


def main(arguments: list[str]) -> None:
    """Start a worker with the settings given as JSON, or `--probe` whether one can start."""
    if arguments[:1] == ["--probe"]:
        raise SystemExit(probe())
    settings = json.loads(arguments[0])
    for stream in (sys.stdin, sys.stdout):
        os.set_blocking(stream.fileno(), True)
    child.read_pytests()
    try:
        _isolate(settings)
    except (OSError, RuntimeError) as error:
        supervisor.say({"fatal": str(error)})
        raise SystemExit(3) from error
    pid = os.fork()
    if pid == 0:
        _become_init(settings)
    for name in ("programs_fd", "answers_fd"):
        os.close(settings[name])
    _, status = os.waitpid(pid, 0)
    raise SystemExit(os.waitstatus_to_exitcode(status) & 0xFF)


def _isolate(settings: Data) -> None:
    """Enter the namespaces; `settings["many_uids"]` says whether each program gets its own uid."""
    packages = settings["packages"]
    settings["many_uids"] = os.geteuid() == 0
    if not seccomp.supported():
        raise RuntimeError("the system call filter is written for x86-64 only")
    if os.geteuid() == 0:
        _isolate_as_root(packages)
    else:
        _isolate_as_user(packages)


def _isolate_as_root(packages: list[str]) -> None:
    ready_r, ready_w = os.pipe()
    done_r, done_w = os.pipe()
    helper = os.fork()
    if helper == 0:
        # The maps of a range must be written from outside the new user namespace.
        os.close(done_r)
        os.close(ready_w)
        if not os.read(ready_r, 1):
            os._exit(1)  # the kernel refused the namespaces: there is nothing to map
        try:
            for kind in ("uid_map", "gid_map"):
                with open(f"/proc/{os.getppid()}/{kind}", "w") as handle:
                    handle.write(f"0 {FIRST_HOST_UID} {MAPPED_UIDS}")
            os.write(done_w, b"1")
        finally:
            os._exit(0)
    os.close(done_w)
    system.unshare(system.CLONE_NEWNS)
    filesystem.build(packages)
    system.unshare(NAMESPACES)
    os.write(ready_w, b"1")
    mapped = os.read(done_r, 1)
    os.waitpid(helper, 0)
    for fd in (ready_r, ready_w, done_r):
        os.close(fd)
    if not mapped:
        raise OSError(1, "cannot map user ids into the user namespace")
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _isolate_as_user(packages: list[str]) -> None:
    uid, gid = os.geteuid(), os.getegid()
    system.unshare(NAMESPACES)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as handle:
            handle.write(text)
    filesystem.build(packages)


def _become_init(settings: Data) -> None:
    status = 1
    try:
        system.prctl(system.PR_SET_DUMPABLE, 0)
        system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        os.environ.clear()
        socket.sethostname("sandbox")
        sys.argv, sys.orig_argv = [""], [""]
        status = supervisor.serve(settings)
    except BaseException as error:  # whatever it was, the caller must hear of it
        supervisor.say({"fatal": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(status)


def probe() -> int:
    """Can this user have a sandbox here? 0 and silence, or 1 and the reason on stdout."""
    if not seccomp.supported():
        print("the namespace sandbox is written for x86-64 machines")
        return 1
    pid = os.fork()
    if pid == 0:
        os._exit(_probe_in_child())
    _, status = os.waitpid(pid, 0)
    return 0 if status == 0 else 1


def _probe_in_child() -> int:
    try:
        _isolate({"packages": []})
        pid = os.fork()
        if pid == 0:
            system.mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m")
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except (OSError, RuntimeError) as error:
        print(error)
        sys.stdout.flush()
        return 1
