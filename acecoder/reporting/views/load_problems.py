"""How many problems, with those of problem sets."""

from __future__ import annotations

from acecoder.reporting.view import Number, View

VIEW = View(
    funnel=(
        Number("load_problems.train", "problems", "problems, with problem sets"),
        Number("load_problems.train", "tests", "their tests"),
    )
)
