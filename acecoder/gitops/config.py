"""Which git repository the platform writes to, and with which credentials."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from acecoder.config import Config, incidental

CREDENTIALS_IN_URL = re.compile(r"^https?://[^/@]*@")


class GitConfig(Config):
    """The operations repository: `serving/` is what a cluster serves, `train/` what it trains."""

    url: str = incidental("")
    """https://..., ssh://..., git@HOST:PATH or a directory; empty for the home's own bare repository."""
    branch: str = incidental("main", min_length=1)
    """What the cluster follows."""
    write: Literal["commit", "pull_request", "nothing"] = incidental("commit")
    """`commit`: onto the branch. `pull_request`: onto a branch of its own, with a request to merge it,
    which a person reviews. `nothing`: decisions are made and kept, and nothing is released."""
    forge: Literal["github", "gitlab", "gitea", "none"] = incidental("none")
    """Who takes pull requests; with `none` the branch is pushed and a person opens the request."""
    api_url: str = incidental("")
    """Address of the forge's API; empty for the one that belongs to `url`."""
    token_env: str = incidental("ACECODER_GIT_TOKEN")
    """The environment variable with the token for https; never the token itself."""
    token_user: str = incidental("x-access-token")
    """The user name that goes with the token (GitHub; `oauth2` for GitLab; any for Gitea)."""
    ssh_key_file: str = incidental("")
    """A private key for ssh, mounted from a Secret."""
    known_hosts_file: str = incidental("")
    """The host keys that are trusted; without it ssh's own."""
    max_tries: int = incidental(12, ge=1)
    """How often a push is tried on a new head while others push."""
    timeout_s: float = incidental(120.0, gt=0)
    """How long one git command may take."""

    @field_validator("url")
    @classmethod
    def _no_credentials(cls, url: str) -> str:
        if CREDENTIALS_IN_URL.match(url):
            raise ValueError("must not hold a user or a token; use token_env")
        return url


class WritesGit(Config):
    """A config of something that writes to the operations repository."""

    git: GitConfig = Field(default=GitConfig())
    """The operations repository."""
