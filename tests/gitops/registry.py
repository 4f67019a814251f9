"""The model registry's contract in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from acecoder.engine.contract import FinishedStep, Version


class FakeRegistry:
    """See `contract.Registry`."""

    def __init__(self) -> None:
        self.versions: dict[str, list[Version]] = {}
        self.aliases: dict[tuple[str, str], str] = {}
        self.steps: list[FinishedStep] = []

    def behind(self, name: str, alias: str) -> Version | None:
        number = self.aliases.get((name, alias))
        return self.version(name, number) if number else None

    def version(self, name: str, number: str) -> Version | None:
        return next((v for v in self.versions.get(name, []) if v.version == number), None)

    def register(self, name: str, files: Path, address: str, tags: dict[str, str]) -> Version:
        del files
        known = self.versions.setdefault(name, [])
        for found in known:
            if found.digest == tags["digest"]:
                self.tag(found, tags)
                return self.version(name, found.version)
        known.append(Version(name, str(len(known) + 1), address, dict(tags)))
        self.point(name, "candidate", known[-1].version)
        return known[-1]

    def finished(self, run_key: str = "") -> list[FinishedStep]:
        return list(self.steps)

    def tag(self, version: Version, tags: dict[str, str]) -> None:
        known = self.versions[version.name]
        place = [v.version for v in known].index(version.version)
        known[place] = replace(known[place], tags={**known[place].tags, **tags})

    def point(self, name: str, alias: str, number: str) -> None:
        self.aliases[name, alias] = number
