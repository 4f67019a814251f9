"""The git repository that says what is released. Never the user's clone.

A bare repository in the home: each decision is a commit; `released-model.yaml` on `main` is what
serving follows. Uses plumbing commands, so there is no work tree and no user configuration.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from acecoder.errors import PlatformError

BRANCH = "refs/heads/main"
IDENTITY = {
    "GIT_AUTHOR_NAME": "acecoder",
    "GIT_AUTHOR_EMAIL": "acecoder@localhost",
    "GIT_COMMITTER_NAME": "acecoder",
    "GIT_COMMITTER_EMAIL": "acecoder@localhost",
}


class ReleaseRepository:
    """A bare repository at `path`, made on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not (path / "HEAD").exists():
            path.mkdir(parents=True, exist_ok=True)
            self._git("init", "--bare", "--quiet", "--initial-branch=main", str(path))

    def read(self, name: str) -> str | None:
        """A file on main, or None."""
        try:
            return self._git("show", f"{BRANCH}:{name}")
        except PlatformError:
            return None

    def commit(self, files: dict[str, str], message: str) -> str:
        """Put files on main in one commit; the commit's id. The same content commits nothing."""
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            parent = self._head()
            if parent:
                self._git("read-tree", parent, env=index)
            for name, text in files.items():
                blob = self._git("hash-object", "-w", "--stdin", stdin=text).strip()
                self._git(
                    "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", env=index
                )
            tree = self._git("write-tree", env=index).strip()
        if parent and self._git("rev-parse", f"{parent}^{{tree}}").strip() == tree:
            return parent
        parents = ["-p", parent] if parent else []
        commit = self._git("commit-tree", tree, *parents, "-m", message).strip()
        # Compare and swap: a concurrent commit makes this fail instead of vanish.
        self._git("update-ref", BRANCH, commit, parent or "0" * 40)
        return commit

    def _head(self) -> str:
        try:
            return self._git("rev-parse", "--verify", "--quiet", BRANCH).strip()
        except PlatformError:
            return ""

    def _git(self, *arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> str:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        try:
            done = subprocess.run(
                ["git", f"--git-dir={self._path}", *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                env={**kept, **IDENTITY, **(env or {})},
            )
        except FileNotFoundError:
            raise PlatformError("git is not installed", remedy="apt-get install git") from None
        if done.returncode:
            raise PlatformError(
                f"git {arguments[0]} failed: {done.stderr.strip()[:300]}", where=str(self._path)
            )
        return done.stdout
