"""Pull requests, against small servers that hold to the three forges' documented paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from acecoder.errors import InputError, PlatformError
from acecoder.gitops.config import GitConfig
from acecoder.gitops.proposals import Proposal, project_of, propose
from tests.gitops.json_server import JsonServer

PATHS = {
    "github": ("/repos/team/ops/pulls", "number", "html_url"),
    "gitlab": ("/api/v4/projects/team/ops/merge_requests", "iid", "web_url"),
    "gitea": ("/api/v1/repos/team/ops/pulls", "number", "html_url"),
}


@dataclass
class Forge:
    """What a forge holds."""

    kind: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    refuses: int = 0
    tokens: set[str] = field(default_factory=set)
    url: str = ""

    def answer(
        self, method: str, path: str, body: dict[str, Any], headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """See `JsonServer`."""
        self.tokens.add(headers.get("Authorization") or headers["PRIVATE-TOKEN"])
        root, number, address = PATHS[self.kind]
        if self.refuses:
            return self.refuses, {"message": "no"}
        parts = urlsplit(path)
        place = unquote(parts.path)
        if method == "GET" and place == root:
            asked = parse_qs(parts.query)
            source = asked.get("source_branch") or [asked.get("head", [""])[0].rpartition(":")[2]]
            found = [r for r in self.requests if source[0] in ("", r["head"]["ref"])]
            return 200, [] if asked.get("page") == ["2"] else found
        if method == "POST" and place == root:
            source = body.get("head") or body["source_branch"]
            target = body.get("base") or body["target_branch"]
            count = len(self.requests) + 1
            made = {
                number: count, "id": count, "title": body["title"],
                "url": f"{self.url}{root}/{count}",
                address: f"{self.url}/pull/{count}",
                "head": {"ref": source}, "base": {"ref": target},
            }  # fmt: skip
            self.requests.append(made)
            return 201, made
        found = next(r for r in self.requests if place == f"{root}/{r[number]}")
        found |= body
        return 200, found


@pytest.fixture
def forge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    held = Forge(request.param)
    server = JsonServer(held.answer)
    held.url = server.url
    monkeypatch.setenv("ACECODER_GIT_TOKEN", "secret-9")
    yield held
    server.close()


def config(forge: Forge) -> GitConfig:
    api = forge.url if forge.kind == "github" else ""
    return GitConfig(url=f"{forge.url}/team/ops.git", forge=forge.kind, api_url=api)


@pytest.mark.parametrize("forge", list(PATHS), indirect=True)
def test_a_branch_has_one_request_which_is_brought_up_to_date(forge: Forge) -> None:
    first = propose(config(forge), Proposal("promote/a-v1", "Promote a 1", "| x |"))
    again = propose(config(forge), Proposal("promote/a-v1", "Promote a 1, again", "| y |"))
    other = propose(config(forge), Proposal("promote/a-v2", "Promote a 2", "| z |"))
    assert first == again == f"{forge.url}/pull/1" and other == f"{forge.url}/pull/2"
    assert [r["title"] for r in forge.requests] == ["Promote a 1, again", "Promote a 2"]
    assert all("secret-9" in token for token in forge.tokens)


@pytest.mark.parametrize("forge", list(PATHS), indirect=True)
def test_a_token_without_rights_is_said(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    forge.refuses = 403
    with pytest.raises(PlatformError, match="403: the token may not open pull requests") as refused:
        propose(config(forge), Proposal("b", "t", "x"))
    assert "secret-9" not in str(refused.value)
    monkeypatch.delenv("ACECODER_GIT_TOKEN")
    with pytest.raises(InputError, match="ACECODER_GIT_TOKEN is not set"):
        propose(config(forge), Proposal("b", "t", "x"))


def test_without_a_forge_the_branch_is_all() -> None:
    assert propose(GitConfig(url="https://host/x.git"), Proposal("b", "t", "x")) == ""


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://github.com/team/ops.git", "https://github.com"),
        ("git@gitlab.example:team/ops.git", "https://gitlab.example"),
        ("ssh://git@gitea.example:2222/team/ops", "https://gitea.example"),
        ("http://gitea:3000/team/ops.git", "http://gitea:3000"),
    ],
)
def test_the_project_of_an_address(url: str, host: str) -> None:
    assert project_of(url) == (host, "team/ops")
