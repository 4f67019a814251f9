"""Links in documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCUMENTS = [
    *Path().glob("*.md"), *Path("docs").glob("*.md"), Path("acecoder/sandbox/README.md"),
    Path("manifests/README.md"), Path("manifests/gitops/README.md"), Path("benchmarks/README.md"),
]  # fmt: skip
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)]*))?\)")


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("document", sorted(DOCUMENTS), ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    source = document.resolve()
    for path, anchor in LINK.findall(document.read_text()):
        target = (source.parent / path).resolve() if path else source
        assert target.exists(), path
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text()), f"{path}#{anchor}"
