"""What can go wrong, by whose move is next.

`InputError` is the caller's to fix and is never retried; a `PlatformError` may pass on a retry.
What an untrusted program does is a verdict, never one of these.
"""


class AceCoderError(Exception):
    """Base of every error this package raises on purpose: what, where, and what to try."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  try: {self.remedy}" if self.remedy else text


class InputError(AceCoderError):
    """A profile, a record, an argument or a file is wrong; the same call fails again."""


class PlatformError(AceCoderError):
    """Something the stage needs did not work; the same call may succeed later."""


class SandboxUnavailable(PlatformError):
    """The sandbox cannot isolate or broke down; says nothing about any program."""


class LLMUnavailable(PlatformError):
    """A model endpoint refused, timed out or answered nonsense more often than allowed."""


class TrackingUnavailable(PlatformError):
    """MLflow could not be read or written."""
