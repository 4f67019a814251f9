"""Names that move, written as what they name now: done when a person commits, never at a tick."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from acecoder.engine.home import Home
from acecoder.engine.tracking.steps import Tracker
from acecoder.errors import InputError, LLMUnavailable
from acecoder.reconcile.desired import FOLDER

ALIAS = re.compile(r"registry:([A-Za-z0-9][\w.-]*)@([\w-]+)")
HUB = re.compile(r'^\s*source\s*=\s*"hub:([^"]+)"\s*$')
DATA_SET = re.compile(r'"hub:([^"@]+)"')
"""A data set among the sources of seeds, or as a key of what is said of each of them."""


def pin(root: Path) -> list[str]:
    """Rewrite `train/*/*.toml` of a clone; what was changed, a line each.

    A hub name is pinned where it has a line of its own. Raises InputError, TrackingUnavailable,
    LLMUnavailable.
    """
    changed = []
    for file in sorted((root / FOLDER).glob("*/*.toml")):
        lines = file.read_text(encoding="utf-8").splitlines()
        pinned: list[str] = []
        for number, line in enumerate(lines):
            found = ALIAS.search(line)
            now = ALIAS.sub(_version(found, str(file)), line) if found else line
            pinned.append(now)
            hub = HUB.match(line)
            if not hub:
                now = DATA_SET.sub(lambda named: f'"hub:{named[1]}@{_commit(named[1])}"', now)
                pinned[-1] = now
            if hub and not _has_revision(lines, number):
                pinned.append(f'revision = "{_revision(hub[1])}"')
                changed.append(f"{file.relative_to(root)}: {pinned[-1]} of hub:{hub[1]}")
            if now != line:
                changed.append(f"{file.relative_to(root)}: {line.strip()} -> {now.strip()}")
        if pinned != lines:
            file.write_text("\n".join(pinned) + "\n", encoding="utf-8")
    return changed


def _has_revision(lines: list[str], number: int) -> bool:
    """Whether the table that a line is in has the key already."""
    start = next((i for i in range(number, -1, -1) if lines[i].lstrip().startswith("[")), 0)
    rest = range(number + 1, len(lines))
    end = next((i for i in rest if lines[i].lstrip().startswith("[")), len(lines))
    return any(line.lstrip().startswith("revision") for line in lines[start:end])


def _version(named: re.Match[str], where: str) -> str:
    name, alias = named[1], named[2]
    found = Tracker(Home.from_environment()).registry().behind(name, alias)
    if found is None:
        raise InputError(f"{name} has no alias '{alias}'", where=where)
    return f"registry:{name}/{found.version}"


def _revision(name: str) -> str:
    """The commit of a model of the hub."""
    from huggingface_hub import HfApi

    return _asked(name, lambda: HfApi().model_info(name).sha)


def _commit(name: str) -> str:
    """The commit of a data set of the hub."""
    from huggingface_hub import HfApi

    return _asked(name, lambda: HfApi().dataset_info(name).sha)


def _asked(name: str, ask: Callable[[], str | None]) -> str:
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return str(ask())
    except (HfHubHTTPError, OSError) as error:
        raise LLMUnavailable(
            f"the hub does not tell its revision: {str(error).splitlines()[0]}",
            where=f"hub:{name}",
            remedy="write the revision by hand",
        ) from error
