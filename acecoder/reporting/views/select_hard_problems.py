"""How many problems RL sees."""

from __future__ import annotations

from acecoder.reporting.view import Number, View

VIEW = View(funnel=(Number("select_hard_problems", "hard", "problems for RL"),))
