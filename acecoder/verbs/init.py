"""`acecoder init`: a folder to start from: a profile of your own, and problems."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "make a folder to start from: a profile to change, and a problem set of your own"
PROBLEMS = (
    '{"id": "mine/double", "question": "Write a function `double(x)` that returns twice x.", '
    '"entry_point": "double", "tests": ["assert double(2) == 4", "assert double(-1) == -2"]}\n'
)
NEXT = """\
{folder}/profile.toml   the profile '{profile}', yours to change
{folder}/problems.jsonl a problem set with one problem (acecoder schema problem)

next (pipelines need pip install 'acecoder[all]'):
  cd {folder}
  acecoder plan --profile profile.toml --diff
  acecoder run --profile profile.toml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("folder", help="a new folder, or an empty one")
    parser.add_argument("--profile", default="smoke", help="which profile to copy (smoke)")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.errors import InputError
    from acecoder.profiles import profile_path, read_profile

    source, folder = profile_path(options.profile), Path(options.folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("it is there already, and not empty", where=str(folder))
    read_profile(source)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.toml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "problems.jsonl").write_text(PROBLEMS, encoding="utf-8")
    (folder / ".gitignore").write_text(".acecoder/\n")
    sys.stdout.write(NEXT.format(folder=folder, profile=options.profile))
    return 0
