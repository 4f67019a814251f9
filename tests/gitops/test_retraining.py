"""A change in git retrains, once: what a run's key is made of, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from acecoder.cluster.api import Object
from acecoder.errors import InputError, LLMUnavailable
from acecoder.pipelines.infra import Infra
from acecoder.pipelines.submitting import Run
from acecoder.reconcile.aliases import State
from acecoder.reconcile.desired import Checkout, Desired, changes, read
from acecoder.reconcile.pinning import pin
from acecoder.reconcile.runs import decide, make_so
from tests.gitops.json_server import JsonServer
from tests.gitops.kfp_server import KfpServer

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
REQUEST = """\
profile = "smoke"
settings = ["train_policy.reward=tests_binary"]
reason = "first"
[images]
train = "registry/train@sha256:1"
[data]
"seeds.jsonl" = "sha256:aa"
"""


def write(root: Path, text: str = REQUEST, name: str = "policy") -> Checkout:
    folder = root / "train" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "request.toml").write_text(text)
    return Checkout(root)


def one(files: Checkout) -> Desired:
    ((_, found),) = read(files)
    assert isinstance(found, Desired), found
    return found


def fault(files: Checkout) -> str:
    ((_, found),) = read(files)
    assert isinstance(found, InputError)
    return str(found)


def test_the_key_moves_with_content_alone(tmp_path: Path) -> None:
    before = one(write(tmp_path))
    again = REQUEST.replace("first", "second") + "\n# a comment\n"
    assert one(write(tmp_path, f"max_attempts = 5\n{again}")).key == before.key
    for old, new, name in (
        ("sha256:1", "sha256:2", "request.images.train"),
        ("sha256:aa", "sha256:bb", "request.data.seeds.jsonl"),
        ("reward=tests_binary", "reward=reward_model", "profile.train_policy.reward"),
    ):
        after = one(write(tmp_path, REQUEST.replace(old, new)))
        assert after.key != before.key
        (told,) = changes(before.parts, after.parts)
        assert told.startswith(f"{name}: ")
    (tmp_path / "serving/production").mkdir(parents=True)
    (tmp_path / "serving/production/release.json").write_text("{}")
    assert one(write(tmp_path)).key == before.key, "a change to serving/ is no run"


def test_a_profile_of_ones_own_lies_beside_the_request(tmp_path: Path) -> None:
    files = write(tmp_path, 'profile = "mine.toml"\n')
    assert "mine.toml" in fault(files)
    (tmp_path / "train/policy/mine.toml").write_text("[train_policy]\nsteps = 3\n")
    assert one(files).parts["profile.train_policy.steps"] == "3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('profile = "smoke"\ncolour = "red"\n', "colour"),
        ("profile = ", "not TOML"),
        (
            'profile = "smoke"\nsettings = ["models.base.source=registry:acecoder-policy@champion"]\n',
            "names an alias, which moves with what serves",
        ),
        ('profile = "smoke"\nsettings = ["models.base.source=hub:a/b"]\n', "has no revision"),
        (
            'profile = "smoke"\nsettings = ["collect_seeds.sources=[\\"hub:a/b\\"]"]\n',
            "no @REVISION",
        ),
        (
            'profile = "smoke"\nsettings = ["load_problems.train.sets=[\\"mbpp_plus\\"]"]\n',
            "data has no 'mbpp_plus', which is read from evalplus/mbppplus",
        ),
    ],
)
def test_what_is_no_request_is_said_and_stops_no_other(
    tmp_path: Path, text: str, said: str
) -> None:
    write(tmp_path, text, "broken")
    found = dict(read(write(tmp_path)))
    assert isinstance(found["broken"], InputError) and said in str(found["broken"])
    assert isinstance(found["policy"], Desired)


def run(number: int, state: str, minutes_ago: float = 60) -> Run:
    return Run(f"r{number}", f"retrain-{number}", state, NOW - timedelta(minutes=minutes_ago))


@pytest.mark.parametrize(
    ("runs", "do", "state", "told"),
    [
        ([], "start", State.WAITING, "no run yet"),
        ([run(1, "RUNNING")], "nothing", State.WAITING, "r1 is running"),
        ([run(1, "RUNNING", 5), run(2, "PENDING", 9)], "nothing", State.WAITING, "r2 is pending"),
        ([run(1, "FAILED"), run(2, "SUCCEEDED")], "nothing", State.AGREED, "r2 succeeded"),
        ([run(1, "FAILED", 1)], "nothing", State.WAITING, "the next one comes"),
        ([run(1, "FAILED")], "start", State.WAITING, "1 of 2 attempts failed"),
        ([run(1, "FAILED", -300)], "start", State.WAITING, "1 of 2"),  # a clock that jumped back
        (
            [run(1, "FAILED"), run(2, "FAILED", 1)],
            "nothing",
            State.DEGRADED,
            "the last one is run r2",
        ),
    ],
)
def test_started_once_adopted_or_told(
    tmp_path: Path, runs: list[Run], do: str, state: State, told: str
) -> None:
    action = decide(one(write(tmp_path)), runs, NOW)
    assert (action.do, action.state) == (do, state) and told in action.told


class Leases:
    """The API's compare and swap for Leases, in memory."""

    def __init__(self) -> None:
        self.held: dict[str, Object] = {}

    def create(self, kind: str, namespace: str, thing: Object) -> Object | None:
        return (
            self.held.setdefault(thing["metadata"]["name"], thing)
            if (thing["metadata"]["name"] not in self.held)
            else None
        )

    def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        return self.held.get(name)

    def replace(self, kind: str, namespace: str, name: str, thing: Object) -> Object | None:
        self.held[name] = thing
        return thing

    def delete(self, kind: str, namespace: str, name: str) -> None:
        self.held.pop(name, None)


@pytest.fixture
def kfp() -> Iterator[KfpServer]:
    server = KfpServer()
    yield server
    server.close()


def infra(kfp: KfpServer) -> Infra:
    return Infra.load(Path("manifests/overlays/local/infra.toml")).model_copy(
        update={"kfp_host": kfp.url}
    )


def test_a_request_becomes_one_run_and_its_failure_a_second(tmp_path: Path, kfp: KfpServer) -> None:
    wanted, leases, said = one(write(tmp_path)), Leases(), []

    def tick() -> tuple[State, str]:
        return make_so(wanted, infra(kfp), leases, said.append)  # type: ignore[arg-type]

    state, told = tick()
    assert state is State.WAITING and "run-1 started" in told
    for _ in range(3):
        assert tick() == (State.WAITING, "run run-1 is pending")
    assert [r["display_name"] for r in kfp.runs] == [f"retrain-policy-{wanted.key}"]
    assert kfp.runs[0]["runtime_config"]["parameters"] == {"run_key": wanted.key}
    kfp.runs[0] |= {"state": "FAILED", "created_at": "2026-11-01T00:00:00Z"}
    tick()
    assert kfp.runs[1]["display_name"] == f"retrain-policy-{wanted.key}-2"
    kfp.runs[1] |= {"state": "FAILED"}
    assert tick()[0] is State.DEGRADED and tick()[0] is State.DEGRADED
    assert len(kfp.runs) == 2 and not leases.held


def test_a_lease_of_the_dead_is_taken_over_and_of_the_living_is_not(
    tmp_path: Path, kfp: KfpServer
) -> None:
    wanted, leases = one(write(tmp_path)), Leases()
    now = datetime.now(UTC)
    name = f"acecoder-run-{wanted.key}"

    def held(since: datetime) -> dict[str, Any]:
        spec = {"holderIdentity": "other", "acquireTime": since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        return {"metadata": {"name": name, "resourceVersion": "7"}, "spec": spec}

    leases.held[name] = held(now)
    told = make_so(wanted, infra(kfp), leases, print)  # type: ignore[arg-type]
    assert told == (State.WAITING, "another tick is starting it") and not kfp.runs
    leases.held[name] = held(now - timedelta(hours=1))
    make_so(wanted, infra(kfp), leases, print)  # type: ignore[arg-type]
    assert len(kfp.runs) == 1


def test_names_of_the_hub_are_pinned_by_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hub(method: str, path: str, body: object, headers: object) -> tuple[int, object]:
        del method, body, headers
        kind, name = path.removeprefix("/api/").split("?")[0].split("/", 1)
        if name.startswith("gone/"):
            return 404, {"error": "Repository not found"}
        return 200, {"id": name, "sha": f"{kind}-{name.replace('/', '-')}-1"}

    server = JsonServer(hub)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
    try:
        files = write(tmp_path, 'profile = "mine.toml"\n')
        own = tmp_path / "train/policy/mine.toml"
        text = (
            '[models.base]\nsource = "hub:team/model"\n'
            '[collect_seeds]\nsources = ["hub:team/seeds", "package:json"]\n'
            'max_per_source = { "hub:team/seeds" = 5 }\n'
        )
        own.write_text(text)
        assert "has no revision" in fault(files)
        assert len(pin(tmp_path)) == 3
        assert 'source = "hub:team/model"\nrevision = "models-team-model-1"\n' in own.read_text()
        assert own.read_text().count('"hub:team/seeds@datasets-team-seeds-1"') == 2
        assert one(files).parts["profile.models.base.revision"] == "models-team-model-1"
        assert pin(tmp_path) == []
        own.write_text('[collect_seeds]\nsources = ["hub:gone/away"]\n')
        with pytest.raises(LLMUnavailable, match="the hub does not tell its revision"):
            pin(tmp_path)
    finally:
        server.close()
