"""The operations repository, read and written without a clone of anybody's.

Every call works in a scratch repository of its own: it fetches one commit, makes the next with plumbing
commands (no work tree, no user's settings), and pushes it with the old head as a condition. So the
server compares and swaps: two writers at once both succeed, one on top of the other, and what a human
pushed in between stays.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acecoder.engine.publishing import exclusive
from acecoder.errors import InputError, PlatformError
from acecoder.gitops.config import GitConfig

IDENTITY = {
    "GIT_AUTHOR_NAME": "acecoder",
    "GIT_AUTHOR_EMAIL": "acecoder@localhost",
    "GIT_COMMITTER_NAME": "acecoder",
    "GIT_COMMITTER_EMAIL": "acecoder@localhost",
}
MOVED = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|remote rejected.*lock"
)
FAULTS = (
    (
        re.compile(r"protected branch|GH006|pre-receive hook declined|not allowed to push", re.I),
        "the branch is protected",
        'git.write = "pull_request" proposes the change instead',
    ),
    (
        re.compile(r"error: 403|denied to|insufficient|READ_ONLY|write access", re.I),
        "the token may not write there",
        "give it the right to write contents (and pull requests)",
    ),
    (
        re.compile(
            r"Authentication failed|could not read (Username|Password)|error: 401|publickey"
        ),
        "the server does not know this token or key",
        "is the variable of git.token_env set, or the file of git.ssh_key_file the right one?",
    ),
    (
        re.compile(r"not found|does not appear to be a git repository|error: 404", re.I),
        "there is no such repository, or the token may not see it",
        "correct git.url",
    ),
    (
        re.compile(
            r"resolve host|Connection refused|timed out|unable to access|Could not read from", re.I
        ),
        "the server does not answer",
        "nothing was changed; run again when it is up",
    ),
)
"""What git says, what it means, what to try."""
Files = Mapping[str, str | None]
"""Path -> text; None removes it."""


@dataclass(frozen=True)
class Commit:
    """A commit on a branch of the repository."""

    id: str
    made: bool
    """False where the branch holds this content already: nothing was committed."""


class Snapshot:
    """The files of one commit; none where the branch does not exist yet."""

    def __init__(self, git: _Git, commit: str) -> None:
        self._git = git
        self.commit = commit

    def read(self, name: str) -> str | None:
        """A file's text, or None."""
        if not self.commit or name not in self.names():
            return None
        return self._git("show", f"{self.commit}:{name}")

    def names(self, prefix: str = "") -> list[str]:
        """The paths of all files under a directory."""
        if not self.commit:
            return []
        listed = self._git("ls-tree", "-r", "-z", "--name-only", self.commit, "--", prefix or ".")
        return [name for name in listed.split("\0") if name]

    def tree(self, prefix: str) -> str:
        """git's digest of a directory's content; empty where there is none."""
        if not self.commit:
            return ""
        return self._git(
            "rev-parse", "--verify", "--quiet", f"{self.commit}:{prefix}", fails=True
        ).strip()


class Repository:
    """The operations repository of a config; the home's own at `own` where it names none."""

    def __init__(self, config: GitConfig, own: Path) -> None:
        self._config = config
        self.url = config.url or str(own)
        self.shown = re.sub(r"//[^/@]*@", "//", self.url)
        if not config.url:
            with exclusive(own.with_name(f".{own.name}.lock")):
                if not (own / "HEAD").exists():
                    own.mkdir(parents=True, exist_ok=True)
                    self._git(own)("init", "--bare", "--quiet", "--initial-branch=main", str(own))

    @contextmanager
    def at_head(self, branch: str = "") -> Iterator[Snapshot]:
        """The files at the head of a branch (that of the config). Raises PlatformError."""
        with tempfile.TemporaryDirectory(prefix="acecoder-git-") as scratch:
            yield self._fetched(Path(scratch), branch or self._config.branch)

    def commit(
        self, change: Callable[[Snapshot], Files], message: str, *, branch: str = ""
    ) -> Commit:
        """Put a change on the branch; on a branch of its own, from the head, where one is named.

        `change` is asked for its files on every head it is tried on. What is there already makes no
        commit. Raises PlatformError where the server refuses, or others push without end.
        """
        waited_s = 0.05
        for _ in range(self._config.max_tries):
            with tempfile.TemporaryDirectory(prefix="acecoder-git-") as scratch:
                head = self._fetched(Path(scratch), self._config.branch)
                target = branch or self._config.branch
                there = self._fetched(Path(scratch), branch).commit if branch else head.commit
                git = self._git(Path(scratch))
                tree = _tree(git, head.commit, change(head), Path(scratch) / "index")
                if there and git("rev-parse", f"{there}^{{tree}}").strip() == tree:
                    return Commit(there, made=False)
                parents = ["-p", head.commit] if head.commit else []
                made = git("commit-tree", tree, *parents, "-m", message).strip()
                if self._pushed(git, made, target, there):
                    return Commit(made, made=True)
            time.sleep(random.uniform(0, waited_s))
            waited_s = min(2.0, 2 * waited_s)
        raise PlatformError(
            f"others pushed to {self._config.branch} at each of {self._config.max_tries} tries",
            where=self.shown,
            remedy="run again; nothing was changed",
        )

    @contextmanager
    def history(self, path: str) -> Iterator[list[Snapshot]]:
        """The commits of the branch that changed a file, newest first. Raises PlatformError."""
        with tempfile.TemporaryDirectory(prefix="acecoder-git-") as scratch:
            head = self._fetched(Path(scratch), self._config.branch, whole=True)
            if not head.commit:
                yield []
                return
            git = self._git(Path(scratch))
            found = git("log", "--format=%H", head.commit, "--", path).split()
            yield [Snapshot(git, commit) for commit in found]

    def _pushed(self, git: _Git, commit: str, branch: str, there: str) -> bool:
        """Whether the branch was still at `there` and is at `commit` now."""
        ref = f"refs/heads/{branch}"
        done = git.run(
            "push", "--quiet", f"--force-with-lease={ref}:{there}", self.url, f"{commit}:{ref}"
        )
        if not done.returncode:
            return True
        if MOVED.search(done.stderr):
            return False
        raise self._fault("push", done.stderr)

    def _fetched(self, scratch: Path, branch: str, *, whole: bool = False) -> Snapshot:
        git = self._git(scratch)
        if not (scratch / "HEAD").exists():
            git("init", "--bare", "--quiet", str(scratch))
        mine = f"refs/fetched/{branch}"
        depth = () if whole else ("--depth=1",)
        done = git.run(
            "fetch", "--quiet", *depth, "--no-tags", self.url, f"+refs/heads/{branch}:{mine}"
        )
        if done.returncode:
            if "couldn't find remote ref" in done.stderr:
                return Snapshot(git, "")
            raise self._fault("fetch", done.stderr)
        return Snapshot(git, git("rev-parse", mine).strip())

    def _fault(self, doing: str, said: str) -> PlatformError:
        for pattern, what, remedy in FAULTS:
            if pattern.search(said):
                return PlatformError(f"git {doing}: {what}", where=self.shown, remedy=remedy)
        lines = [line for line in said.splitlines() if line.strip()] or ["it said nothing"]
        return PlatformError(f"git {doing} failed: {lines[-1][:300]}", where=self.shown)

    def _git(self, directory: Path) -> _Git:
        return _Git(directory, self._config)


def _tree(git: _Git, parent: str, files: Files, index: Path) -> str:
    """git's tree of the parent with the files over it."""
    env = {"GIT_INDEX_FILE": str(index)}
    index.unlink(missing_ok=True)
    if parent:
        git("read-tree", parent, env=env)
    lines = []
    for name, text in files.items():
        blob = "" if text is None else git("hash-object", "-w", "--stdin", stdin=text).strip()
        lines.append(f"100644 {blob}\t{name}\n" if blob else f"0 {'0' * 40}\t{name}\n")
    git("update-index", "--index-info", stdin="".join(lines), env=env)
    return git("write-tree", env=env).strip()


class _Git:
    """Runs git on one directory with the credentials of a config and nobody's settings."""

    def __init__(self, directory: Path, config: GitConfig) -> None:
        self._directory, self._config = directory, config

    def __call__(
        self,
        *arguments: str,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        fails: bool = False,
    ) -> str:
        """Its output. Raises PlatformError where it fails, unless it may."""
        done = self.run(*arguments, stdin=stdin, env=env)
        if done.returncode and not fails:
            raise PlatformError(
                f"git {arguments[0]} failed: {done.stderr.strip()[:300]}",
                where=str(self._directory),
            )
        return done.stdout

    def run(
        self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it. Raises PlatformError where git is missing or hangs."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("GIT_") or key == "GIT_SSL_CAINFO"
        }
        try:
            return subprocess.run(
                ["git", f"--git-dir={self._directory}", *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=self._config.timeout_s,
                env={**kept, **IDENTITY, **self._settings(), **(env or {})},
            )
        except FileNotFoundError:
            raise PlatformError("git is not installed", remedy="apt-get install git") from None
        except subprocess.TimeoutExpired:
            raise PlatformError(
                f"git {arguments[0]} took over {self._config.timeout_s:.0f} s",
                where=self._config.url or str(self._directory),
                remedy="nothing was changed; run again, or raise git.timeout_s",
            ) from None

    def _settings(self) -> dict[str, str]:
        config = self._config
        settings = {
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        token = os.environ.get(config.token_env, "")
        if token and config.url.startswith("http"):
            # A helper that prints what is in the environment: neither a file nor an argument has it.
            settings |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "credential.helper",
                "GIT_CONFIG_VALUE_0": '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$GIT_USER" "$GIT_TOKEN"; }; f',
                "GIT_USER": config.token_user,
                "GIT_TOKEN": token,
            }
        if config.ssh_key_file:
            if not Path(config.ssh_key_file).is_file():
                raise InputError(
                    "no such key file", where=config.ssh_key_file, remedy="correct git.ssh_key_file"
                )
            trusted = (
                f" -o UserKnownHostsFile={config.known_hosts_file}"
                if config.known_hosts_file
                else ""
            )
            settings["GIT_SSH_COMMAND"] = (
                f"ssh -i {config.ssh_key_file} -o IdentitiesOnly=yes -o BatchMode=yes "
                f"-o StrictHostKeyChecking=yes{trusted}"
            )
        return settings
