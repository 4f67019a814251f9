"""How many candidate programs were written."""

from __future__ import annotations

from acecoder.reporting.view import Number, View

VIEW = View(funnel=(Number("sample_programs.candidates", "programs", "candidate programs"),))
