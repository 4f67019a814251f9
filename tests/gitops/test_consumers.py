"""Who uses what was released: a run from the registry, an endpoint by the version that serves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acecoder.engine.home import Home
from acecoder.engine.journal import Journal
from acecoder.engine.publishing import content_digest
from acecoder.engine.tracking.steps import Tracker
from acecoder.errors import AceCoderError, InputError
from acecoder.llm.endpoint import EndpointGenerator, EndpointModel
from acecoder.llm.interface import Request, complete
from acecoder.llm.served import ServedModel
from acecoder.llm.weights import identity, resolve
from acecoder.reward.encoding import Chat
from acecoder.reward.record import ScoringRecord
from acecoder.reward.scoring import RewardModel
from tests.gitops.json_server import JsonServer

NAME = "acecoder-policy"
Serve = Callable[..., str]


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Two versions in a registry of this machine; the second is the champion."""
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = Home.from_environment()
    registry = Tracker(home).registry()
    for text in ("one", "two"):
        directory = tmp_path / text
        directory.mkdir()
        (directory / "model.safetensors").write_text(text)
        made = registry.register(
            NAME, directory, directory.as_uri(), {"digest": content_digest(directory)}
        )
    registry.point(NAME, "champion", made.version)
    return home


def test_a_version_of_the_registry_is_a_model_source(tmp_path: Path, registered: Home) -> None:
    champion = f"registry:{NAME}@champion"
    assert resolve(champion, "", registered) == str(tmp_path / "two")
    assert identity(champion, "") == identity(f"path:{tmp_path / 'two'}", "")
    assert identity(f"registry:{NAME}/1", "") == identity(f"path:{tmp_path / 'one'}", "")
    for source in (f"registry:{NAME}@previous", f"registry:{NAME}/9", "registry:other@champion"):
        with pytest.raises(InputError, match="the registry has no such version"):
            identity(source, "")
    (tmp_path / "two" / "model.safetensors").write_text("changed")
    with pytest.raises(InputError, match="others than were registered"):
        resolve(champion, "", registered)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start the scripted server on a model that answers so; its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(answer: str, *names: str, port: int, more: tuple[str, ...] = ()) -> str:
        for each in running:
            each.terminate()
            assert each.wait(20) == 0, "it ends by itself"
        running.clear()
        directory = tmp_path / answer
        directory.mkdir(exist_ok=True)
        (directory / "answer.txt").write_text(answer)
        command = [sys.executable, "acecoder/serving/stand_in.py", str(directory)]
        given = [*command, "--served-model-name", *names, *more]
        running.append(subprocess.Popen(given, env={**os.environ, "PORT": str(port)}))
        url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                ServedModel(url).versions()
                return url
            except AceCoderError:
                time.sleep(0.1)
        raise AssertionError("it does not start")

    yield start
    for each in running:
        each.kill()


def test_answers_of_one_version_are_not_taken_for_anothers(tmp_path: Path, serve: Serve) -> None:
    url = serve("one", NAME, f"{NAME}/1", port=18411)
    asking = EndpointModel(base_url=f"{url}/v1", model=NAME, version="ask", max_retries=0)
    plain = EndpointModel(base_url=f"{url}/v1", model=NAME)
    journal = Journal(tmp_path / "answers.jsonl", None)
    request = [Request(messages=(("user", "x"),))]

    def answer(model: EndpointModel) -> str:
        (found,) = complete(
            EndpointGenerator(model, lambda text: None), request, journal, lambda *_: None
        )
        return str(getattr(found, "text", found))

    assert asking.identity() == f"endpoint:{NAME}/1" and answer(asking) == "one"
    first = EndpointGenerator(asking, lambda text: None)
    serve("two", NAME, f"{NAME}/2", port=18411)
    assert asking.identity() == f"endpoint:{NAME}/2" and answer(asking) == "two"
    assert plain.identity() == f"endpoint:{NAME}"
    pinned = asking.model_copy(update={"version": "1"})
    assert answer(pinned) == "one", "from the journal: version 1 was asked once"
    with pytest.raises(AceCoderError, match="no model acecoder-policy/1"):
        list(first.generate([Request(messages=(("user", "another"),))]))


def test_a_server_that_names_no_version_is_said(serve: Serve) -> None:
    url = serve("one", NAME, port=18412)
    with pytest.raises(InputError, match="names 0 versions of acecoder-policy"):
        EndpointModel(base_url=f"{url}/v1", model=NAME, version="ask").identity()


def test_rewards_come_from_a_classifier(serve: Serve) -> None:
    url = serve(
        "x", "rm", "rm/3", port=18413, more=("--runner", "pooling", "--convert", "classify")
    )
    server = ServedModel(url)
    assert server.version_of("rm") == "3"
    assert server.rewards("rm/3", ["a", "abcdefgh", "abc"]) == [1.0, 1.0, 3.0]
    with pytest.raises(AceCoderError, match="does not answer as it should"):
        server.chat("rm", "x", max_tokens=4)


def test_a_served_reward_model_scores_what_a_loaded_one_reads(tmp_path: Path, serve: Serve) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base = resolve("random:tiny", "", Home(tmp_path / "home"))
    directory = tmp_path / "reward-model"
    AutoModelForSequenceClassification.from_pretrained(base, num_labels=1).save_pretrained(
        directory
    )
    AutoTokenizer.from_pretrained(base).save_pretrained(directory)
    url = serve("y", "rm", "rm/3", port=18414, more=("--convert", "classify"))
    tokenizer = AutoTokenizer.from_pretrained(directory)
    record = ScoringRecord.of(tokenizer, max_length_tokens=32, over_limit="drop")
    record.write(directory)
    chats = [Chat("add", text) for text in ("def add(a, b):\n    return a + b", "pass", "pass")]
    loaded = RewardModel(directory, batch_size=2)
    served = RewardModel(directory, batch_size=2, server=ServedModel(url), server_model="rm/3")
    assert len(loaded.score(chats)) == 3
    texts = [loaded.rendered(chat) for chat in chats]
    lengths = [len(tokenizer(t, add_special_tokens=False)["input_ids"]) for t in texts]
    # The stand-in's score is the length of what it reads, by seven.
    assert served.score(chats) == [float(min(length, 32) % 7) for length in lengths]
    assert served.num_cut_programs == len(
        {t for t, n in zip(texts, lengths, strict=True) if n > 32}
    )
    with pytest.raises(InputError, match="it serves rm, rm/3, not rm/4"):
        RewardModel(directory, batch_size=2, server=ServedModel(url), server_model="rm/4")


def test_a_server_that_is_busy_for_a_moment_is_asked_again() -> None:
    asked: list[str] = []

    def answer(method: str, path: str, body: object, headers: object) -> tuple[int, object]:
        asked.append(f"{method} {path}")
        return (503, {}) if len(asked) < 3 else (200, {"data": [{"id": "rm/3"}]})

    server = JsonServer(answer)
    try:
        assert ServedModel(server.url).versions() == ["rm/3"] and len(asked) == 3
    finally:
        server.close()
