"""The `gvisor` backend: the same workers inside `runsc` on this machine, one container each.

The host's kernel is reached by gVisor's alone: a program's system calls are answered by a kernel
in user space, which has itself no network and a file view of an interpreter and the named
packages. Inside, programs are isolated from each other as they are outside (`worker/`).
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.backends.local import LocalBackend
from acecoder.sandbox.backends.namespace import package_paths
from acecoder.sandbox.backends.requirements import GVISOR_REMEDY, START_S, WORKER, find_runsc
from acecoder.sandbox.contract import SandboxConfig
from acecoder.sandbox.trials import Attempt, Trial, read_attempts
from acecoder.sandbox.worker.isolation.libraries import LIBRARY_DIRS
from acecoder.sandbox.worker.wire import from_wire

USER = 65_534
GRACE_S = 30.0
MIN_MEMORY_BYTES = 1 << 30
BUNDLE = "acecoder-gvisor-"
DISK_REMEDY = "room for a few small files where temporary ones go (TMPDIR), and processes to be had"

_turns = itertools.count(os.getpid())  # two judges on one machine should not begin on one core


def gvisor_backend(config: SandboxConfig, *, num_workers: int) -> LocalBackend:
    """Workers in gVisor, one program alive in each at a time."""
    return LocalBackend(
        num_workers=num_workers,
        open_worker=lambda: GvisorWorker(config),
        check=lambda: GvisorWorker(config).close(),
    )


class GvisorWorker:
    """A container with one station inside, behind the interface of `trials.Runs`."""

    def __init__(self, config: SandboxConfig) -> None:
        self._runsc = find_runsc(config.runsc)
        if not self._runsc:
            raise SandboxUnavailable(
                f"there is no program '{config.runsc}'",
                where="gvisor sandbox",
                remedy=GVISOR_REMEDY,
            )
        _sweep()
        try:
            self._directory = tempfile.mkdtemp(prefix=BUNDLE)
        except OSError as error:
            raise self._unavailable(f"its files cannot be written: {error}", DISK_REMEDY) from error
        self._lock = _lock(self._directory)
        self._name = f"acecoder-{uuid.uuid4().hex}"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            _write_bundle(Path(self._directory), package_paths(config.packages, config.environment))
            with _on_one_core():
                self._process = subprocess.Popen(
                    [*self._command(), "run", "--bundle", self._directory, self._name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env={"PATH": os.environ.get("PATH", "")},
                    start_new_session=True,
                )
            self._lines = b""
            started = self._message(START_S)
            if started.get("why_not_gvisor", "unknown"):
                raise self._unavailable(f"its kernel is not gVisor's: {started}")
        except OSError as error:
            self.close()
            raise self._unavailable(f"a container cannot be made: {error}", DISK_REMEDY) from error
        except BaseException:
            self.close()
            raise

    def run(self, trial: Trial) -> list[Attempt]:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(trial.wire()).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._unavailable(self._last_words(error)) from error
        patience_s = (trial.limits.total_wall_s + GRACE_S) * max(1, len(trial.tests))
        message = self._message(patience_s)
        if "attempts" not in message:
            raise self._unavailable(str(message.get("lost", message)))
        return read_attempts(from_wire(message["attempts"]))

    def close(self) -> None:
        """Kill the container and forget its files; a second time does nothing."""
        if self._process is not None:
            kill = [*self._command(), "delete", "--force", self._name]
            subprocess.run(kill, capture_output=True, check=False)
            self._process.kill()
            self._process.communicate()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _command(self) -> list[str]:
        return [
            self._runsc,
            "--platform=systrap",
            "--network=none",
            "--ignore-cgroups",
            *([] if os.geteuid() == 0 else ["--rootless"]),
            f"--root={self._directory}/state",
        ]

    def _message(self, patience_s: float) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        deadline_s = time.monotonic() + patience_s
        while b"\n" not in self._lines:
            wait_s = max(0.0, deadline_s - time.monotonic())
            ready, _, _ = select.select([self._process.stdout], [], [], wait_s)
            data = os.read(self._process.stdout.fileno(), 1 << 20) if ready else b""
            if not data:
                raise self._unavailable(self._last_words("a container fell silent"))
            self._lines += data
        line, _, self._lines = self._lines.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _last_words(self, error: object) -> str:
        assert self._process is not None and self._process.stderr is not None
        self._process.kill()
        words = self._process.stderr.read()[-800:].decode(errors="replace").strip()
        return words or str(error)

    def _unavailable(self, what: str, remedy: str = GVISOR_REMEDY) -> SandboxUnavailable:
        return SandboxUnavailable(what, where="gvisor sandbox", remedy=remedy)


@contextmanager
def _on_one_core() -> Iterator[None]:
    """What this thread starts here stays on one core, the next one in turn.

    The few processes of a container work one after the other. Spread over cores they spend a fifth
    more CPU time on waking each other (`benchmarks/README.md`).
    """
    allowed = sorted(os.sched_getaffinity(0))
    with suppress(OSError):  # where this may not be asked for, it costs more and is as right
        os.sched_setaffinity(0, {allowed[next(_turns) % len(allowed)]})
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, allowed)


def _lock(directory: str) -> int:
    """A lock on a bundle that ends with its owner, however that ends; -1 where another has it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return -1
    return descriptor


def _sweep() -> None:
    """Remove the bundles of judges that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{BUNDLE}*"):
        with suppress(OSError):  # somebody else's, or gone meanwhile
            if (path / "config.json").exists() and (lock := _lock(str(path))) >= 0:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)


def _write_bundle(directory: Path, packages: list[str]) -> None:
    """An OCI bundle: an interpreter, its libraries, the worker and the packages, all read-only."""
    root = directory / "rootfs"
    interpreter = os.path.realpath(sys.executable)
    mounts = [_bind(interpreter, interpreter), _bind(str(WORKER), "/worker")]
    for path in map(Path, LIBRARY_DIRS):
        if path.is_symlink():
            link = root / path.relative_to("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.readlink())
        elif path.is_dir():
            mounts.append(_bind(str(path), str(path)))
    if not sysconfig.get_path("stdlib").startswith(tuple(f"{p}/" for p in LIBRARY_DIRS)):
        mounts.append(_bind(f"{sys.base_prefix}/lib", f"{sys.base_prefix}/lib"))
    inside = [f"/packages/{Path(path).name}" for path in packages]
    mounts += [_bind(path, place) for path, place in zip(packages, inside, strict=True)]
    for name in ("mnt", "tmp", "proc", "dev"):
        (root / name).mkdir(parents=True, exist_ok=True)
    mounts += [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m"]},
    ]
    settings = json.dumps({"packages": inside})
    command = [interpreter, "-s", "-P", "-S", "/worker", "--stdio", settings]
    config = {
        "ociVersion": "1.0.0",
        "process": {
            "user": {"uid": USER, "gid": USER},
            "args": command,
            "cwd": "/",
            "terminal": False,
            "env": ["PATH="],
            "noNewPrivileges": True,
            "capabilities": {},
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "sandbox",
        "mounts": mounts,
        "linux": {
            "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount")]
        },
    }
    (directory / "config.json").write_text(json.dumps(config))


def _bind(source: str, destination: str) -> dict[str, Any]:
    return {
        "destination": destination,
        "type": "bind",
        "source": source,
        "options": ["ro", "rbind", "nosuid", "nodev"],
    }
