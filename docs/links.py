"""A hook of MkDocs: links between files of the repository become links between pages of the site, and the
others links to the repository."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Rewrite the links of a page, which may be a link to a file elsewhere in the repository."""
    del files
    pages = {file.resolve(): file.name for file in DOCS.glob("*.md")}
    source = (DOCS / page.file.src_uri).resolve()

    def rewritten(link: re.Match[str]) -> str:
        target = (source.parent / link[1]).resolve()
        anchor = link[2] or ""
        if target in pages:
            return f"]({pages[target]}{anchor})"
        if target.is_relative_to(DOCS):
            return f"]({os.path.relpath(target, DOCS)}{anchor})"
        return f"]({config['repo_url']}/blob/main/{os.path.relpath(target, ROOT)}{anchor})"

    return LINK.sub(rewritten, markdown)
