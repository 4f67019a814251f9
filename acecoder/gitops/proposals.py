"""Pull requests: how a forge is asked to merge a branch that was pushed.

GitHub through PyGithub, GitLab through python-gitlab; Gitea and Forgejo, whose clients in Python are
generated from old descriptions, by the two calls it takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from acecoder.errors import InputError, PlatformError
from acecoder.gitops.config import GitConfig

REQUEST_TIMEOUT_S = 30


@dataclass(frozen=True)
class Proposal:
    """A branch that somebody is asked to merge."""

    branch: str
    title: str
    body: str
    """Markdown."""


def propose(config: GitConfig, proposal: Proposal) -> str:
    """Open a pull request, or bring the open one of that branch up to date; its address.

    With `forge = "none"` the answer is empty: the branch is there, a person opens the request. Raises
    InputError, PlatformError.
    """
    if config.forge == "none":
        return ""
    token = os.environ.get(config.token_env, "")
    if not token:
        raise InputError(
            f"the environment variable {config.token_env} is not set",
            where=f"the token for {config.forge}",
            remedy=f'export {config.token_env}=..., or git.forge = "none"',
        )
    forges: dict[str, Callable[[GitConfig, str, Proposal], str]] = {
        "github": _github,
        "gitlab": _gitlab,
        "gitea": _gitea,
    }
    with _reaching(config):
        return forges[config.forge](config, token, proposal)


def project_of(url: str) -> tuple[str, str]:
    """(`https://HOST`, `OWNER/NAME`) of the address of a repository, ssh's forms included."""
    if "://" not in url and ":" in url:  # git@HOST:OWNER/NAME.git
        host, _, path = url.partition("@")[2].partition(":")
        return f"https://{host}", path.removesuffix(".git").strip("/")
    parts = urlsplit(url)
    scheme = parts.scheme if parts.scheme in ("http", "https") else "https"
    host = parts.netloc.rpartition("@")[2]
    if scheme == "https" and parts.scheme not in ("http", "https"):
        host = host.partition(":")[0]  # the port is ssh's
    return f"{scheme}://{host}", parts.path.removesuffix(".git").strip("/")


def _github(config: GitConfig, token: str, proposal: Proposal) -> str:
    from github import Auth, Github

    host, project = project_of(config.url)
    own = "https://api.github.com" if host == "https://github.com" else f"{host}/api/v3"
    client = Github(
        auth=Auth.Token(token),
        base_url=config.api_url or own,
        timeout=REQUEST_TIMEOUT_S,
        retry=None,
        lazy=True,
    )
    repository = client.get_repo(project)
    head = f"{project.partition('/')[0]}:{proposal.branch}"
    for found in repository.get_pulls(state="open", head=head, base=config.branch):
        if found.head.ref == proposal.branch:
            found.edit(title=proposal.title, body=proposal.body)
            return str(found.html_url)
    made = repository.create_pull(
        base=config.branch, head=proposal.branch, title=proposal.title, body=proposal.body
    )
    return str(made.html_url)


def _gitlab(config: GitConfig, token: str, proposal: Proposal) -> str:
    import gitlab

    host, project = project_of(config.url)
    client = gitlab.Gitlab(config.api_url or host, private_token=token, timeout=REQUEST_TIMEOUT_S)
    requests = client.projects.get(project, lazy=True).mergerequests
    open_ones = requests.list(
        state="opened", source_branch=proposal.branch, target_branch=config.branch, get_all=True
    )
    for found in open_ones:
        found.title, found.description = proposal.title, proposal.body
        found.save()
        return str(found.web_url)
    made = requests.create(
        {
            "source_branch": proposal.branch,
            "target_branch": config.branch,
            "title": proposal.title,
            "description": proposal.body,
            "remove_source_branch": True,
        }
    )
    return str(made.web_url)


def _gitea(config: GitConfig, token: str, proposal: Proposal) -> str:
    host, project = project_of(config.url)
    pulls = f"{config.api_url or f'{host}/api/v1'}/repos/{project}/pulls"
    page = 1
    while found := _call("GET", f"{pulls}?state=open&limit=50&page={page}", token):
        for each in found:
            if each["head"]["ref"] == proposal.branch and each["base"]["ref"] == config.branch:
                text = {"title": proposal.title, "body": proposal.body}
                return str(_call("PATCH", f"{pulls}/{each['number']}", token, text)["html_url"])
        page += 1
    wanted = {
        "base": config.branch,
        "head": proposal.branch,
        "title": proposal.title,
        "body": proposal.body,
    }
    return str(_call("POST", pulls, token, wanted)["html_url"])


def _call(method: str, url: str, token: str, body: dict[str, str] | None = None) -> Any:
    import requests

    headers = {"Authorization": f"token {token}"}
    answer = requests.request(method, url, json=body, headers=headers, timeout=REQUEST_TIMEOUT_S)
    answer.raise_for_status()
    return answer.json()


@contextmanager
def _reaching(config: GitConfig) -> Iterator[None]:
    """Turn what three clients raise into one readable error."""
    import requests

    faults: list[type[Exception]] = [requests.RequestException]
    if config.forge == "github":
        from github import GithubException

        faults.append(GithubException)
    if config.forge == "gitlab":
        from gitlab import GitlabError

        faults.append(GitlabError)
    try:
        yield
    except tuple(faults) as error:
        status = _status(error)
        if status in (401, 403, 404):
            raise PlatformError(
                f"{config.forge} answers {status}: the token may not open pull requests there, or there is no such project",
                where=config.url,
                remedy="give the token the right to write pull requests; the branch has been pushed",
            ) from None
        raise PlatformError(
            f"{config.forge} does not take the pull request: {str(error).splitlines()[0][:300]}",
            where=config.url,
            remedy="the branch has been pushed; run again, or open the request by hand",
        ) from None


def _status(error: Exception) -> int:
    """The HTTP status that an error of one of the clients holds, or 0."""
    response = getattr(error, "response", None)
    for held in (
        getattr(error, "status", None),
        getattr(error, "response_code", None),
        getattr(response, "status_code", None),
    ):
        if isinstance(held, int):
            return held
    return 0
