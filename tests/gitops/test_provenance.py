"""Where a release came from, signed, and held against it before it serves."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acecoder.cli import main
from acecoder.engine.contract import FinishedStep, Version
from acecoder.promotion.lineage import trace
from acecoder.promotion.provenance import envelope, statement
from acecoder.promotion.release import Release, release_of


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """(private, public), as openssl writes them."""
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return private, public


@pytest.fixture
def release(tmp_path: Path) -> Release:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_text("w")
    (model / "config.json").write_text("{}")
    return release_of(
        model, workload="policy", name="p", version="2", source=model.as_uri(), run_key="r"
    )


def fetch(tmp_path: Path, release: Release, text: str, public: Path) -> int:
    folder = tmp_path / "release"
    folder.mkdir(exist_ok=True)
    (folder / "release.json").write_text(release.text())
    (folder / "release.intoto.json").write_text(text)
    command = ["fetch-model", str(folder / "release.json"), str(tmp_path / "served")]
    return main([*command, "--public-key", str(public)])


def test_a_statement_names_every_file_and_what_was_read(release: Release) -> None:
    made = FinishedStep(
        "train", "train", "k", "r", {"problems": "d"}, {"policy": release.digest}, "", {}, ""
    )
    links = trace(Version("p", "2", "", {"digest": release.digest}), [made])
    found = statement(release, links, [])
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert [each["name"] for each in found["subject"]] == [
        "p/2/config.json",
        "p/2/model.safetensors",
    ]
    assert found["subject"][1]["digest"]["sha256"] == release.files["model.safetensors"]
    definition = found["predicate"]["buildDefinition"]
    assert definition["resolvedDependencies"] == [
        {"name": "train/problems", "digest": {"sha256": "d"}}
    ]
    assert found["predicate"]["runDetails"]["metadata"]["invocationId"] == "r"


def test_only_what_the_given_key_signed_is_served(
    tmp_path: Path, release: Release, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys
    signed = envelope(statement(release, [], []), private)
    assert fetch(tmp_path, release, json.dumps(signed), public) == 0
    assert "its provenance is signed by the given key" in capsys.readouterr().out
    other = release.model_copy(update={"version": "3"})
    payload = json.loads(base64.b64decode(signed["payload"]))
    forged = {
        **signed,
        "payload": base64.b64encode(json.dumps(payload | {"x": 1}).encode()).decode(),
    }
    for what, text, said in (
        (release, json.dumps(statement(release, [], [])), "not a signed statement"),
        (release, json.dumps(forged), "no signature of this key"),
        (other, json.dumps(signed), "of other files than the release"),
        (release, "", "not a signed statement"),
    ):
        assert fetch(tmp_path, what, text, public) == 2
        assert said in capsys.readouterr().err
