"""Taking a release back: the files of the release before it, as `git revert` would leave them."""

from __future__ import annotations

from dataclasses import dataclass

from acecoder.errors import InputError
from acecoder.gitops.config import GitConfig
from acecoder.gitops.proposals import Proposal, propose
from acecoder.gitops.repository import Repository
from acecoder.promotion.release import RELEASE, Release, Workload, read_release
from acecoder.promotion.serving_files import WRITTEN, folder


@dataclass(frozen=True)
class Rollback:
    """What was changed."""

    taken_back: Release
    serves_again: Release
    commit: str
    pull_request: str
    """Its address; empty where the branch itself was changed."""


def roll_back(
    repository: Repository,
    config: GitConfig,
    *,
    environment: str,
    workload: Workload,
    reason: str,
    to_version: str = "",
) -> Rollback:
    """Put the release before the one that is released back in its place, or one by its version.

    Nothing is trained, no alias moves: they follow when the version serves. Raises InputError where
    there is nothing to go back to, PlatformError.
    """
    own = folder(environment, workload)
    path = f"{own}/{RELEASE}"
    with repository.history(path) as commits:
        if not commits or commits[0].read(path) is None:
            raise InputError("nothing is released there", where=f"{repository.shown}, {path}")
        now = read_release(str(commits[0].read(path)), path)
        for commit in commits[1:]:
            text = commit.read(path)
            if text is None:
                continue
            found = read_release(text, path)
            if found.version != now.version and to_version in ("", found.version):
                files = {f"{own}/{name}": commit.read(f"{own}/{name}") for name in WRITTEN}
                break
        else:
            wanted = f"version {to_version}" if to_version else "another version"
            raise InputError(
                f"{wanted} was never released before {now.served_name}",
                where=f"{repository.shown}, {path}",
            )
    title = f"Roll back {now.served_name} to version {found.version} in {environment}"
    proposes = config.write == "pull_request"
    branch = f"rollback/{environment}/{found.name}-v{found.version}" if proposes else ""
    made = repository.commit(lambda head: files, f"{title}\n\n{reason}", branch=branch)
    address = propose(config, Proposal(branch, title, reason)) if proposes else ""
    return Rollback(now, found, made.id, address)
