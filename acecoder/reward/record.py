"""What a reward model's directory says of how it is to be asked (`scoring.json`): what is scored is what was
trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from acecoder.config import Config, validate
from acecoder.errors import InputError
from acecoder.reward.encoding import Encoder, OverLimit, rendering_digest, template_digest

FILE = "scoring.json"


class Calibration(Config):
    """Scores of programs that were not trained on."""

    mean: float = 0.0
    """Of all scores."""
    sigma: float = Field(1.0, gt=0)
    """Their standard deviation."""
    num_programs: int = Field(0, ge=0)
    """How many there were; 0: it was not calibrated."""

    def deviations(self, score: float) -> float:
        """How many standard deviations a score lies above the mean."""
        return (score - self.mean) / self.sigma


class ScoringRecord(Config):
    """How a reward model was trained to read question and program."""

    max_length_tokens: int = Field(ge=16)
    """A chat's limit."""
    over_limit: OverLimit
    """What was done with longer ones."""
    rendering_sha256: str
    """Of how question and program become messages."""
    chat_template_sha256: str
    """Of the template that writes messages."""
    template: str = ""
    """For a model of somebody else's: the whole rendering, in place of ours (Jinja: `question`, `program`,
    `tests`)."""
    offset: float = 0.0
    """Added to every score: the bias of an imported head, which the layouts that others read have no place
    for."""
    calibration: Calibration = Calibration()
    """Of its scores."""

    @classmethod
    def of(
        cls, tokenizer: Any, *, max_length_tokens: int, over_limit: OverLimit, template: str = ""
    ) -> ScoringRecord:
        """That of a training that begins now."""
        return cls(
            max_length_tokens=max_length_tokens,
            over_limit=over_limit,
            rendering_sha256=rendering_digest(template),
            chat_template_sha256=template_digest(tokenizer),
            template=template,
        )

    def write(self, directory: Path) -> None:
        """Beside the weights."""
        (directory / FILE).write_text(json.dumps(self.model_dump(mode="json"), indent=1) + "\n")

    def encoder(self, tokenizer: Any, where: str) -> Encoder:
        """The one that reads as the model was trained to. Raises InputError where this code, or the
        tokenizer beside the weights, would write another text."""
        for name, made, wanted in (
            ("rendering", rendering_digest(self.template), self.rendering_sha256),
            ("chat template", template_digest(tokenizer), self.chat_template_sha256),
        ):
            if made != wanted:
                raise InputError(
                    f"it was trained on another {name} ({wanted[:12]}, here {made[:12]})",
                    where=where,
                    remedy="train it again with this version, or score with the version that trained it",
                )
        return Encoder(
            tokenizer,
            max_length_tokens=self.max_length_tokens,
            over_limit=self.over_limit,
            template=self.template,
        )


def read_record(directory: Path) -> ScoringRecord:
    """That of a reward model's directory. Raises InputError."""
    file = directory / FILE
    if not file.is_file():
        raise InputError(
            f"it does not say what it was trained on: no {FILE}",
            where=str(directory),
            remedy="train_reward_model writes it; `acecoder import-reward-model` does for a model of others",
        )
    return validate(ScoringRecord, json.loads(file.read_text()), where=str(file))
