"""Verdicts of the judge beside CPython's `exec`, both in the sandbox (`python -m tests.differential`)."""
