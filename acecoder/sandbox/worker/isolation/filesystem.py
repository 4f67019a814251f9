"""The file view of a worker: an interpreter, its libraries, a few devices, nothing else.

No /proc, no /etc, no home, no shell; everything read-only but the tmpfs each program gets.
"""

import os
import sys
import sysconfig

from . import system
from .libraries import LIBRARY_DIRS

STAGING = ("/mnt", "/media", "/srv", "/opt")
DEVICES = ("null", "zero", "full", "random", "urandom")
EXCLUDED = ("site-packages", "dist-packages", "test", "idlelib", "ensurepip")
UNDER_TMP = "which every program has as its own"
READ_ONLY = system.MS_RDONLY | system.MS_NOSUID | system.MS_NODEV


def build(packages: list[str]) -> None:
    """Make the view and make it the root. `packages` are paths of importable packages, wherever they
    lie: they are shown under /packages.

    Needs CAP_SYS_ADMIN over the current mount namespace, which must be a fresh one. Raises:
    RuntimeError where the interpreter lies where it cannot be shown.
    """
    if os.path.realpath(sys.base_prefix).startswith("/tmp/"):
        raise RuntimeError(f"Python lies under /tmp ({sys.base_prefix}), {UNDER_TMP}")
    system.mount("", "/", "", system.MS_REC | system.MS_PRIVATE)
    root = next(path for path in STAGING if os.path.isdir(path))
    system.mount("tmpfs", root, "tmpfs", system.MS_NOSUID, "size=4m,mode=755")
    for path in LIBRARY_DIRS:
        _expose(root, path)
    _expose_interpreter(root)
    os.makedirs(f"{root}/packages")
    for path in packages:
        _bind(path, f"{root}/packages/{os.path.basename(path)}")
    for name in DEVICES:
        _bind(f"/dev/{name}", f"{root}/dev/{name}", device=True)
    for name in ("tmp", "old"):
        os.mkdir(f"{root}/{name}")
    system.pivot_root(root, f"{root}/old")
    os.chdir("/")
    system.umount("/old")
    os.rmdir("/old")
    system.mount("tmpfs", "/", "", system.MS_REMOUNT | system.MS_BIND | READ_ONLY)


class Scratch:
    """/tmp, the only place a program can write: a fresh tmpfs for each attempt.

    One that looks untouched would not do: its age would tell of the programs before.
    """

    def __init__(self) -> None:
        self._mounted = False

    def clean(self, size_bytes: int) -> None:
        """Be new, and of this size. No program is alive."""
        if self._mounted:
            system.umount("/tmp")
        options = f"size={size_bytes},nr_inodes=1024,mode=1777"
        flags = system.MS_NOSUID | system.MS_NODEV | system.MS_NOATIME
        system.mount("tmpfs", "/tmp", "tmpfs", flags, options)
        self._mounted = True


def _expose(root: str, path: str) -> None:
    """Show a host directory under the new root: a link as a link, a directory read-only."""
    if os.path.islink(path):
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.symlink(os.readlink(path), root + path)
    elif os.path.isdir(path):
        _bind(path, root + path)


def _expose_interpreter(root: str) -> None:
    stdlib = sysconfig.get_path("stdlib")
    if not any(stdlib.startswith(f"{path}/") for path in LIBRARY_DIRS):
        _bind(os.path.join(sys.base_prefix, "lib"), root + os.path.join(sys.base_prefix, "lib"))
    for name in EXCLUDED:
        for path in (f"{root}{stdlib}/{name}", f"{root}/usr/lib/python3/{name}"):
            if os.path.isdir(path):
                system.mount("tmpfs", path, "tmpfs", READ_ONLY, "size=4k,mode=555")


def _bind(source: str, target: str, *, device: bool = False) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    system.mount(source, target, "", system.MS_BIND)
    # A device on a read-only mount can still be written to; its inode cannot be touched.
    limits = READ_ONLY & ~system.MS_NODEV if device else READ_ONLY
    flags = system.MS_REMOUNT | system.MS_BIND | limits | _locked_flags(target)
    system.mount(source, target, "", flags)


def _locked_flags(path: str) -> int:
    """Flags a remount inside a user namespace must repeat, or the kernel refuses it."""
    flags = os.statvfs(path).f_flag
    return sum(
        flag
        for bit, flag in (
            (os.ST_NOEXEC, system.MS_NOEXEC),
            (os.ST_NOATIME, 1024),
            (os.ST_NODIRATIME, 2048),
            (os.ST_RELATIME, 1 << 21),
        )
        if flags & bit
    )
