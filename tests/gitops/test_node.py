"""The story on a node: promoted, applied, served, rolled, broken, taken back. In this order.

A git server over HTTP in a pod, `kubectl apply -k` in the place of Argo CD or Flux, a scripted server in
the place of vLLM behind the init container and probes of manifests/serving.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from acecoder.cluster.api import Cluster
from acecoder.config import validate
from acecoder.engine.contract import StageContext
from acecoder.engine.home import Home
from acecoder.engine.progress import Progress
from acecoder.engine.publishing import MANIFEST, write_manifest
from acecoder.engine.store import ObjectStore
from acecoder.engine.tracking.steps import Tracker
from acecoder.evaluation.values import VALUES_FILE
from acecoder.pipelines.infra import Infra
from acecoder.reconcile.desired import Checkout, Desired, read
from acecoder.reconcile.runs import make_so
from acecoder.reconcile.tick import World, tick
from acecoder.stages.promote_model import PromoteModelConfig, promote_model
from tests.cluster.conftest import INFRA, cluster_dns, installation, store  # noqa: F401
from tests.cluster.kube import get, kubectl, until
from tests.gitops.kfp_server import KfpServer
from tests.gitops.objects import TOKEN, apply_head, git, git_server, seed

pytestmark = pytest.mark.cluster
SERVING = "acecoder-serving"
SERVER = "policy-server"


@dataclass
class Story:
    """The operations repository, the registry, the cluster."""

    root: Path
    home: Home
    store: ObjectStore
    url: str
    model: str
    said: list[str] = field(default_factory=list)
    check: dict[str, Any] = field(
        default_factory=lambda: {
            "check_image": "localhost/cpu:test",
            "check_arguments": ["--parity=0"],
            "check_memory": "512Mi",
        }
    )
    """How a rollout is checked: `[serving]` of the infra file."""

    @property
    def clone(self) -> Path:
        return self.root / "clone"

    @property
    def world(self) -> World:
        infra = Infra.load(Path(INFRA))
        table = infra.model_dump(mode="json") | {"git": {"url": self.url}, "serving": self.check}
        return World(
            validate(Infra, table, where=""),
            self.home,
            Cluster.connect(),
            Tracker(self.home).registry(),
        )

    def policy(self, answer: str) -> Path:
        """A policy that answers so, published in the store as train_policy does it."""
        name = f"train_policy/{answer}/policy"
        directory = self.home.root / "artifacts" / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "model.safetensors").write_bytes(answer.encode() * 1000)
        (directory / "answer.txt").write_text(answer)
        write_manifest(directory, stage_key=answer, artifact=name, counts={})
        self.home.send(directory, MANIFEST)
        return directory

    def scores(self, name: str, value: float) -> Path:
        directory = self.home.root / "artifacts" / "evaluate_model" / name / "scores"
        directory.mkdir(parents=True, exist_ok=True)
        values = {f"p{i}": value for i in range(40)}
        (directory / VALUES_FILE).write_text(
            json.dumps({"m": {"first_steps": {"average": values}}})
        )
        write_manifest(
            directory, stage_key=name, artifact=f"evaluate_model/{name}/scores", counts={}
        )
        self.home.send(directory, MANIFEST)
        return directory

    def promote(self, answer: str, value: float) -> dict[str, Any]:
        """A version that answers so and scores so, before the gate."""
        return self.promote_model(self.policy(answer), value)

    def promote_model(
        self, policy: Path, value: float, *, reward_model: Path | None = None
    ) -> dict[str, Any]:
        """A policy that scores so, before the gate."""
        name = policy.parent.name
        decision = self.root / f"decision-{name}"
        decision.mkdir(exist_ok=True)
        table = {
            "model_name": self.model,
            "reward_model_name": f"{self.model}-ranks",
            "gate": {"metrics": [{"max_loss": 0.08}]},
            "git": {"url": self.url},
        }
        context = StageContext(
            "promote_model",
            self.home,
            Progress("promote"),
            Tracker(self.home).registry,
            self.root,
            f"run-{name}",
        )
        report = promote_model(
            validate(PromoteModelConfig, table, where="test"),
            policy=policy,
            reward_model=reward_model,
            candidate_scores=self.scores(name, value),
            initial_scores=self.scores("initial", 0.1),
            decision=decision,
            context=context,
        )
        return dict(report.details)

    def tick(self) -> bool:
        self.said.clear()
        return tick(self.world, self.said.append)

    def aliases(self) -> tuple[str | None, str | None]:
        registry = Tracker(self.home).registry()
        found = (registry.behind(self.model, alias) for alias in ("champion", "previous"))
        champion, previous = (each.version if each else None for each in found)
        return champion, previous

    def until_agreed(self) -> None:
        until("reconcile agrees", lambda: self.tick() and "agreed" in " ".join(self.said), 180)

    def until_rolled(self) -> None:
        kubectl("-n", SERVING, "rollout", "status", f"deployment/{SERVER}", "--timeout=180s")


@pytest.fixture(scope="module")
def story(
    installation: str,  # noqa: F811
    cluster_dns: None,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    patch, root = pytest.MonkeyPatch(), tmp_path_factory.mktemp("story")
    infra = Infra.load(Path(INFRA))
    keys = get("secret", "acecoder", infra.store.secret)["data"]
    login = get("secret", "acecoder", infra.tracking.secret)["data"]
    for name, value in {**keys, **login}.items():
        patch.setenv(name, base64.b64decode(value).decode())
    patch.setenv("ACECODER_STORE", infra.store.uri)
    patch.setenv("AWS_REGION", infra.store.region)
    patch.setenv("AWS_ENDPOINT_URL", infra.store.endpoint)
    patch.setenv("MLFLOW_TRACKING_URI", infra.tracking.uri)
    patch.setenv("ACECODER_GIT_TOKEN", TOKEN)
    kubectl("delete", "namespace", SERVING, "acecoder-git", "--ignore-not-found", "--wait")
    kubectl("apply", "-k", "manifests/serving/namespace")
    source = {"AWS_ENDPOINT_URL": infra.store.endpoint, "AWS_REGION": infra.store.region}
    literals = [f"--from-literal={name}={value}" for name, value in source.items()]
    kubectl("-n", SERVING, "create", "configmap", "weights-source", *literals)
    literals = [f"--from-literal={n}={base64.b64decode(v).decode()}" for n, v in keys.items()]
    kubectl("-n", SERVING, "create", "secret", "generic", "weights-source", *literals)
    script = Path("tests/gitops/git_server.py").read_text()
    things = {"apiVersion": "v1", "kind": "List", "items": git_server(script)}
    kubectl("apply", "-f", "-", given=json.dumps(things))
    kubectl("-n", "acecoder-git", "rollout", "status", "deployment/git-server", "--timeout=120s")
    address = get("service", "acecoder-git", "git-server")["spec"]["clusterIP"]
    home = Home.from_environment()
    home = Home(root / "home", home.store)
    url = f"http://{address}/operations.git"
    model = f"story-{root.name[-4:]}-{socket.gethostname()[:8]}-{subprocess.getoutput('date +%s')}"
    told = Story(root, home, home.store, url, model)
    told.clone.mkdir()
    git(root, "clone", "-q", url.replace("://", f"://person:{TOKEN}@"), str(told.clone))
    seed(told.clone)
    try:
        yield told
    finally:
        kubectl("delete", "namespace", SERVING, "acecoder-git", "--wait=false", check=False)
        patch.undo()


def ask(model: str, *, max_tokens: int = 16, timeout_s: float = 20) -> tuple[int, str]:
    """(status, answer) of one request to the Service."""
    address = get("service", SERVING, SERVER)["spec"]["clusterIP"]
    messages = [{"role": "user", "content": "Write a story."}]
    body = json.dumps({"model": model, "messages": messages, "max_tokens": max_tokens}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{address}:8000/v1/chat/completions", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return answer.status, json.load(answer)["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


def test_1_the_champion_is_what_serves_and_nothing_before(story: Story) -> None:
    made = story.promote("one", 0.5)
    assert made["promote"] and made["commit"] and made["against"] == "the initial model"
    assert story.tick() and story.aliases() == (None, None)
    assert any("nothing is applied" in line for line in story.said)
    apply_head(story.clone)
    assert story.tick() and story.aliases() == (None, None)
    story.until_rolled()
    story.until_agreed()
    assert story.aliases() == ("1", None)
    assert ask(story.model) == (200, "one") and ask(f"{story.model}/1") == (200, "one")


def test_2_a_roll_to_the_next_version_fails_no_request(story: Story) -> None:
    made = story.promote("two", 0.9)
    assert made["promote"] and made["against"] == "champion version 1"
    again = story.promote("two", 0.9)
    assert again["commit"] == made["commit"], "the same promotion twice makes no commit"
    seen: list[tuple[int, str]] = []
    end = threading.Event()

    def keep_asking() -> None:
        while not end.is_set():
            seen.append(ask(story.model))

    clients = [threading.Thread(target=keep_asking) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        apply_head(story.clone)
        story.until_rolled()
        # The last pods of the first version answer until they have drained.
        until("the clients hear the second version", lambda: (200, "two") in seen)
        until("nobody hears the first any more", lambda: {a for _, a in seen[-20:]} == {"two"})
    finally:
        end.set()
        for client in clients:
            client.join()
    assert {status for status, _ in seen} == {200}, f"{len(seen)} requests"
    assert {answer for _, answer in seen} == {"one", "two"}
    story.until_agreed()
    assert story.aliases() == ("2", "1")


def test_3_one_flipped_byte_serves_nothing_new(story: Story) -> None:
    made = story.promote("three", 0.99)
    assert made["promote"]
    name = "artifacts/train_policy/three/policy/model.safetensors"
    data = bytearray(story.store.get(name) or b"")
    data[100] ^= 1
    story.store.put(name, bytes(data))
    apply_head(story.clone)
    until("reconcile sees it", lambda: not story.tick(), 120)
    (told,) = [line for line in story.said if "degraded" in line]
    assert "model.safetensors has the sha256" in told
    assert ask(story.model) == (200, "two") and story.aliases() == ("2", "1")


def test_4_a_revert_takes_it_back_and_nothing_promotes_it_again(story: Story) -> None:
    git(story.clone, "revert", "--no-edit", "HEAD")
    git(story.clone, "push", "-q", "origin", "HEAD:main")
    apply_head(story.clone)
    story.until_rolled()
    story.until_agreed()
    assert story.aliases() == ("2", "1")
    held = story.promote("three", 0.99)
    assert not held["promote"] and "released before" in held["reason"]
    git(story.clone, "revert", "--no-edit", "HEAD~2")  # the second version too
    git(story.clone, "push", "-q", "origin", "HEAD:main")
    apply_head(story.clone)
    story.until_rolled()
    story.until_agreed()
    assert ask(story.model) == (200, "one") and story.aliases() == ("1", "2")


def test_5_what_is_edited_by_hand_is_said_and_believed_by_nobody(story: Story) -> None:
    patch = story.clone / "serving/production/policy/release-patch.yaml"
    patch.write_text(patch.read_text().replace("version: '1'", "version: '2'"))
    git(story.clone, "commit", "-qam", "By hand")
    git(story.clone, "push", "-q", "origin", "HEAD:main")
    apply_head(story.clone)
    assert not story.tick()
    assert any("edited by hand" in line for line in story.said)
    assert story.aliases() == ("1", "2")
    git(story.clone, "revert", "--no-edit", "HEAD")
    git(story.clone, "push", "-q", "origin", "HEAD:main")
    apply_head(story.clone)
    story.until_rolled()
    story.until_agreed()


def _tick_of_runs(parts: tuple[str, str, int]) -> str:
    """One job among many, in a process of its own."""
    url, root, _ = parts
    infra = Infra.load(Path(INFRA)).model_copy(update={"kfp_host": url})
    ((_, wanted),) = read(Checkout(Path(root)))
    assert isinstance(wanted, Desired)
    return make_so(wanted, infra, Cluster.connect(), lambda text: None)[1]


def test_6_twenty_jobs_at_once_start_one_run(story: Story, tmp_path: Path) -> None:
    """Leases are the node's; KFP's API is a stand-in."""
    folder = tmp_path / "train" / "policy"
    folder.mkdir(parents=True)
    (folder / "request.toml").write_text(f'profile = "smoke"\ndata.story = "{story.model}"\n')
    kfp = KfpServer()
    try:
        jobs = [(kfp.url, str(tmp_path), number) for number in range(20)]
        with ProcessPoolExecutor(20, multiprocessing.get_context("fork")) as pool:
            told = list(pool.map(_tick_of_runs, jobs))
        assert len([run for run in kfp.runs if run["state"] == "PENDING"]) == 1, told
        assert len(kfp.runs) == 1, told
        (left,) = [get("leases", "acecoder")["items"]]
        assert not [each for each in left if each["metadata"]["name"].startswith("acecoder-run-")]
    finally:
        kfp.close()


def test_7_the_cronjob_agrees_by_itself(story: Story, tmp_path: Path) -> None:
    """The manifests of reconcile as they are, with this cluster's infra file."""
    shutil.copytree("manifests/reconcile", tmp_path / "reconcile")
    text = Path(INFRA).read_text().replace('write = "nothing"', f'url = "{story.url}"')
    check = '[serving]\ncheck_image = "localhost/cpu:test"\ncheck_arguments = ["--parity=0"]\n'
    (tmp_path / "infra.toml").write_text(f'{text}\n{check}check_memory = "512Mi"\n')
    overlay = {
        "resources": ["reconcile"],
        "configMapGenerator": [
            {"name": "acecoder-infra", "namespace": "acecoder", "files": ["infra.toml"]}
        ],
        "images": [
            {
                "name": "ghcr.io/acecoder-on-kubernetes/reconcile",
                "newName": "localhost/reconcile",
                "newTag": "test",
            }
        ],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    secret = ["create", "secret", "generic", "acecoder-git", f"--from-literal=token={TOKEN}"]
    kubectl("-n", "acecoder", "delete", "secret", "acecoder-git", "--ignore-not-found")
    kubectl("-n", "acecoder", *secret)
    kubectl("apply", "-k", str(tmp_path))
    name = f"reconcile-{story.model[-6:]}"
    try:
        kubectl("-n", "acecoder", "create", "job", name, "--from=cronjob/acecoder-reconcile")

        def ended() -> bool:
            conditions = get("job", "acecoder", name)["status"].get("conditions", [])
            return any(c["type"] in ("Complete", "Failed") for c in conditions)

        until("the job has ended", ended, 180)
        log = kubectl("-n", "acecoder", "logs", f"job/{name}")
        assert f"policy: agreed: {story.model}/1 serves" in log, log
        assert get("job", "acecoder", name)["status"].get("succeeded") == 1, log
        assert TOKEN not in log
    finally:
        kubectl("delete", "-k", str(tmp_path), "--wait=false", check=False)
        kubectl("-n", "acecoder", "delete", "job", name, "--wait=false", check=False)
