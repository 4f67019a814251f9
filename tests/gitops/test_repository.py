"""The operations repository: nothing is lost, nothing is committed twice, refusals are said."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acecoder.config import validate
from acecoder.errors import InputError, PlatformError
from acecoder.gitops.config import GitConfig
from acecoder.gitops.repository import Commit, Files, Repository, Snapshot

Open = Callable[..., Repository]


def put(**files: str) -> Callable[[Snapshot], Files]:
    return lambda head: {name.replace("__", "/"): text for name, text in files.items()}


@pytest.fixture(params=["own", "http"])
def open_repository(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """A repository in the home, or on a server; each call is a writer of its own."""
    if request.param == "own":
        return lambda **keys: Repository(GitConfig(**keys), tmp_path / "git")
    url = f"{request.getfixturevalue('git_server')}/operations.git"
    return lambda **keys: Repository(GitConfig(url=url, **keys), tmp_path / "unused")


def subjects(repository: Repository, tmp_path: Path) -> list[str]:
    clone = tmp_path / "clone"
    subprocess.run(["rm", "-rf", str(clone)], check=True)
    url = repository.url.replace("http://", "http://any:writer-5f1c@")
    subprocess.run(["git", "clone", "-q", url, str(clone)], check=True)
    log = subprocess.run(
        ["git", "-C", str(clone), "log", "--format=%s"], capture_output=True, text=True, check=True
    )
    return log.stdout.splitlines()


def test_a_change_is_one_commit_and_the_same_one_is_none(
    open_repository: Open, tmp_path: Path
) -> None:
    repository = open_repository()
    first = repository.commit(put(serving__a="1\n"), "One")
    second = repository.commit(put(b="2\n"), "Two")
    again = open_repository().commit(put(b="2\n"), "Three")
    assert first.made and second.made and again == Commit(second.id, made=False)
    assert subjects(repository, tmp_path) == ["Two", "One"]
    with repository.at_head() as head:
        assert head.commit == second.id
        assert (head.read("serving/a"), head.read("none")) == ("1\n", None)
        assert head.names("serving") == ["serving/a"]
        assert head.tree("serving") and not head.tree("train")
    repository.commit(lambda head: {"b": None}, "Away")
    with repository.at_head() as head:
        assert head.names() == ["serving/a"]


def test_of_twenty_pairs_at_the_same_instant_nothing_is_lost(
    open_repository: Open, tmp_path: Path
) -> None:
    repository = open_repository()
    with ThreadPoolExecutor(2) as pool:
        for pair in range(20):
            change = [put(**{f"d__{pair}_{each}": "x\n"}) for each in range(2)]
            made = list(
                pool.map(lambda c, p=pair: open_repository().commit(c, f"Pair {p}"), change)
            )
            assert all(commit.made for commit in made)
            assert len({commit.id for commit in made}) == 2
    assert len(subjects(repository, tmp_path)) == 40
    with repository.at_head() as head:
        assert len(head.names("d")) == 40


def test_two_promotions_race_with_a_human(open_repository: Open, tmp_path: Path) -> None:
    repository = open_repository()
    repository.commit(put(train__profile="one\n"), "Start")
    seen: list[str] = []

    def racing(head: Snapshot) -> Files:
        if not seen:  # another pushes between the fetch and the push
            open_repository().commit(put(train__profile="two\n"), "By hand")
        seen.append(head.read("train/profile") or "")
        return {"serving/policy.json": f"with {seen[-1]}"}

    repository.commit(racing, "Promote")
    assert seen == ["one\n", "two\n"]
    assert subjects(repository, tmp_path) == ["Promote", "By hand", "Start"]
    with repository.at_head() as head:
        assert head.read("serving/policy.json") == "with two\n"


def test_a_branch_of_its_own_leaves_the_main_one(open_repository: Open) -> None:
    repository = open_repository()
    main = repository.commit(put(a="1\n"), "Start")
    proposed = repository.commit(put(a="2\n"), "Promote", branch="promote/policy-v2")
    again = repository.commit(put(a="2\n"), "Promote", branch="promote/policy-v2")
    assert proposed.made and not again.made and again.id == proposed.id
    with repository.at_head() as head:
        assert head.commit == main.id
    repository.commit(put(other="x\n"), "By hand")
    moved = repository.commit(put(a="2\n"), "Promote", branch="promote/policy-v2")
    assert moved.made, "the proposal is put on the new head"
    with repository.at_head("promote/policy-v2") as head:
        assert (head.read("a"), head.read("other")) == ("2\n", "x\n")


@pytest.mark.parametrize(
    ("token", "name", "said"),
    [
        ("reader", "operations.git", "the token may not write there"),
        ("wrong", "operations.git", "does not know this token"),
        ("writer-5f1c", "none.git", "no such repository"),
    ],
)
def test_what_a_server_refuses_is_said(
    git_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    name: str,
    said: str,
) -> None:
    monkeypatch.setenv("ACECODER_GIT_TOKEN", token)
    repository = Repository(GitConfig(url=f"{git_server}/{name}"), tmp_path / "unused")
    with pytest.raises(PlatformError, match=said) as refused:
        repository.commit(put(a="1"), "One")
    assert token not in str(refused.value) and name in str(refused.value)


def test_a_server_that_is_down_and_a_protected_branch_are_said(
    git_server: str, tmp_path: Path
) -> None:
    down = Repository(GitConfig(url="http://127.0.0.1:9/x.git"), tmp_path / "unused")
    with pytest.raises(PlatformError, match="the server does not answer"):
        down.commit(put(a="1"), "One")
    repository = Repository(GitConfig(url=f"{git_server}/o.git"), tmp_path / "unused")
    repository.commit(put(a="1"), "One")
    hook = tmp_path / "repositories" / "o.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH006: protected branch' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PlatformError, match="protected") as refused:
        repository.commit(put(a="2"), "Two")
    assert "pull_request" in refused.value.remedy


def test_no_secret_in_a_url_and_no_settings_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="token_env"):
        validate(GitConfig, {"url": "https://me:secret@host/x.git"}, where="git")
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    Repository(GitConfig(), tmp_path / "git").commit(put(x="y"), "It")
    assert not (tmp_path / "elsewhere").exists() and not (tmp_path / "nobody").exists()
