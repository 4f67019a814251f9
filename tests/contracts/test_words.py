"""Words that were removed stay removed; what is cited is there; what is generated is in sync."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TEXTS = (".py", ".md", ".toml", ".yaml", ".hcl", "Makefile", "Dockerfile")
EXEMPT = ("tests/contracts/test_words.py", "tests/golden/", "data/", "acecoder/rendering.py")
"""This list itself; task texts and prompts, which are data."""
REMOVED = {
    r"\b(one|table|line|row|value|verdict|frame|commit|file|index|worker|directory) an? "
    r"(stage|step|test|core|shard|decision|output|request|dependency)\b":
        "one PER stage: `a` for `per` makes a sentence be read twice",
    r"\b(programs?|tests?|pairs?|seconds|MB) a (second|test|problem|question|request|update|core)\b":
        "per",
    r"\bmend(s|ed)?\b": "fix",
    r"\bwhat passes them\b": "exceeds: to pass is what a test does",
    r"\bwhich KFP\?": "say what is missing",
    r"\bstops the wave\b": "no later step runs again",
    r"\bkeeps sandbox pods from nothing\b": "does not isolate",
    r"\bwhat the first one ended with\b": "say who printed what",
    r"\bjudged again apart\b": "alone",
    r"\b[Ll]eave word\b": "note",
    r"\bThe one door to\b|\bthe same door\b": "the one way to run a stage",
    r"\b[Bb]elieve no copy\b|so that who finds it\b": "refuse; whoever",
    r"\bhouse plan\b": "a page that a reader does not have",
    r"AceCoder, section|\(spec[,:] (section|acecoder)|\bspec/(acecoder|mlstack|platform|sandbox|style)": "cite docs/METHOD.md by its rules",
}  # fmt: skip


def texts() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    paths = [Path(name) for name in done.stdout.splitlines()]
    return [
        path for path in paths
        if path.name.endswith(TEXTS) and not str(path).startswith(EXEMPT)
        and path.is_file() and not path.is_symlink()
    ]  # fmt: skip


@pytest.mark.parametrize("phrase", REMOVED)
def test_a_removed_phrase_stays_removed(phrase: str) -> None:
    pattern = re.compile(phrase)
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in texts()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, "\n".join([REMOVED[phrase], *found])


def test_every_rule_that_is_cited_is_there() -> None:
    rules = set(re.findall(r"\*\*(M\d+)\*\*", Path("docs/METHOD.md").read_text()))
    assert rules == {f"M{number}" for number in range(1, len(rules) + 1)}
    for path in texts():
        for cited in re.findall(r"METHOD, ((?:M\d+(?:, | to )?)+)", path.read_text()):
            assert set(re.findall(r"M\d+", cited)) <= rules, path


def test_every_link_of_a_document_leads_somewhere() -> None:
    for path in (path for path in texts() if path.suffix == ".md"):
        for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{path}: {target}"


@pytest.mark.parametrize("command", [["-m", "acecoder.components._generate"], ["docs/generate.py"]])
def test_what_is_generated_is_in_sync(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command, "--check"], capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
