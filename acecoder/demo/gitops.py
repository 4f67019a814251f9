"""The whole story on one machine: train, promote, serve, retrain by a commit, take back.

Real: the pipeline (profile `smoke`), MLflow on SQLite, the gate, git (a bare repository), the check of
every file, the rules by which aliases move. Stood in for: vLLM by `serving/stand_in.py`, a cluster by one
process on this machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from acecoder.engine.home import Home
from acecoder.engine.tracking.steps import Tracker
from acecoder.errors import AceCoderError, PlatformError
from acecoder.gitops.config import GitConfig
from acecoder.gitops.repository import Repository
from acecoder.llm.served import ServedModel
from acecoder.pipelines import commands
from acecoder.promotion.release import Release
from acecoder.promotion.rollback import roll_back
from acecoder.reconcile.aliases import State, follow
from acecoder.reconcile.desired import Desired, read
from acecoder.reconcile.served import Served
from acecoder.reconcile.tick import released
from acecoder.serving import checking, stand_in
from acecoder.serving.weights import bring

PORT = 18555
ENVIRONMENT = "production"
REQUEST = """\
# A commit here starts a run: its content is the run's key.
profile = "smoke"
pipeline = "acecoder"
settings = ["promote_model.gate.metrics=[{{max_loss = 0.3}}]", "train_policy.learning_rate={rate}"]
reason = "{reason}"
"""
START_S = 20.0
Say = Callable[[str], None]


@dataclass
class Story:
    """The home, the operations repository, what serves."""

    home: Home
    say: Say
    server: subprocess.Popen[bytes] | None = None
    serving: Release | None = None
    trained: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        own = self.home.root / "operations.git"
        Repository(GitConfig(), own)  # made where it is not there
        self.git = GitConfig(url=str(own))
        self.repository = Repository(self.git, own)

    def commit_request(self, rate: str, reason: str) -> None:
        """What a person does: a change to train/."""
        text = REQUEST.format(rate=rate, reason=reason)
        made = self.repository.commit(
            lambda head: {"train/policy/request.toml": text}, f"Train the policy: {reason}"
        )
        self.say(f"commit {made.id[:12]}: train/policy/request.toml ({reason})")

    def train(self) -> None:
        """What reconcile does on a cluster: run what is not there yet."""
        with self.repository.at_head() as head:
            wanted = [each for _, each in read(head)]
        for each in wanted:
            if not isinstance(each, Desired):
                raise each
            if each.key in self.trained:
                self.say(f"run {each.key}: is there; nothing runs")
                continue
            self.say(f"run {each.key}: starts")
            settings = [*each.request.settings, f"promote_model.git.url={self.git.url}"]
            commands.run(each.request.pipeline, each.request.profile, settings)
            self.trained.add(each.key)

    def apply(self) -> None:
        """What Argo CD or Flux and the Deployment do: serve what git says."""
        with self.repository.at_head() as head:
            release = released(head, ENVIRONMENT, "policy")
        if release is None or (self.serving and self.serving.digest == release.digest):
            return
        directory = self.home.root / "serving" / release.version
        bring(release, directory, lambda text: None)
        self.stop()
        names = [release.name, release.served_name]
        command = [sys.executable, stand_in.__file__, str(directory), "--served-model-name", *names]
        self.server = subprocess.Popen(command, env={"PORT": str(PORT)})
        self.serving = release
        self.say(f"serves {release.served_name}, {len(release.files)} files checked by sha256")

    def reconcile(self) -> None:
        """One tick for the policy: aliases follow what serves."""
        with self.repository.at_head() as head:
            release = released(head, ENVIRONMENT, "policy")
        registry = Tracker(self.home).registry()
        standing = follow(self._observed(), release, registry, self._checked)
        if standing is None:
            self.say("reconcile: nothing is released and nothing is served")
            return
        self.say(f"reconcile: {standing.state}: {standing.told}")
        name = release.name if release else ""
        named = {a: registry.behind(name, a) for a in ("candidate", "champion", "previous")}
        told = ", ".join(f"{alias} {v.version if v else 'none'}" for alias, v in named.items())
        self.say(f"aliases of {name}: {told}")

    def take_back(self, reason: str) -> None:
        """`acecoder rollback`."""
        made = roll_back(
            self.repository, self.git, environment=ENVIRONMENT, workload="policy", reason=reason
        )
        self.say(
            f"commit {made.commit[:12]}: {made.taken_back.served_name} is taken back, "
            f"{made.serves_again.served_name} is released"
        )

    def stop(self) -> None:
        """End what serves, as a pod ends: SIGTERM, and what is under way is waited for."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait(timeout=30)
            self.server = None

    def _observed(self) -> Served | None:
        if self.serving is None:
            return None
        release, deadline_s = self.serving, time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            with suppress(PlatformError):
                if release.served_name in ServedModel(f"http://127.0.0.1:{PORT}").versions():
                    ready = (True, False, "serves")
                    return Served("policy", release.name, release.version, release.digest, *ready)
            time.sleep(0.2)
        broken = (False, True, "the server does not start")
        return Served("policy", release.name, release.version, release.digest, *broken)

    def _checked(self, served: Served) -> tuple[State, str]:
        assert self.serving is not None
        try:
            checking.check_policy(
                ServedModel(f"http://127.0.0.1:{PORT}"),
                self.serving,
                parity=0,
                max_tokens=8,
                least_share=1.0,
                say=lambda text: None,
            )
        except AceCoderError as error:
            return State.DEGRADED, str(error)
        return State.AGREED, served.name


def play(home: Home, say: Say) -> None:
    """Play all chapters. After a kill, playing again repeats no step that has finished.

    Raises AceCoderError.
    """
    story = Story(home, say)
    try:
        _chapter(
            say, "1. A commit to train/ starts a run, whose policy passes the gate or does not"
        )
        story.commit_request("1e-4", "the first version")
        story.train()
        _chapter(say, "2. What git says is served; the alias follows what serves")
        story.reconcile()
        story.apply()
        story.reconcile()
        _chapter(say, "3. Another commit retrains, once; the gate compares with the champion")
        story.commit_request("3e-4", "a higher learning rate")
        story.train()
        story.train()
        story.apply()
        story.reconcile()
        _chapter(say, "4. Taken back by git; nothing retrains")
        with suppress(AceCoderError):
            story.take_back("the demo's end")
        story.apply()
        story.reconcile()
        story.train()
        say(f"\nthe repository: git --git-dir={story.repository.url} log --stat main")
        say(f"the registry:   ACECODER_HOME={home.root} acecoder lineage acecoder-policy-smoke")
    finally:
        story.stop()


def _chapter(say: Say, title: str) -> None:
    say(f"\n== {title}")
