"""collect_seeds: real code -> seeds, deduplicated, decontaminated, their origin kept."""

from __future__ import annotations

import random
from itertools import islice
from typing import Literal

from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import Out, Report, StageContext
from acecoder.engine.rejects import Rejects
from acecoder.engine.tables import write_table
from acecoder.problem_sets import loading
from acecoder.schema import Seed
from acecoder.synthesis import seeds as reading
from acecoder.synthesis.decontamination import Decontaminator


class CollectSeedsConfig(Config):
    """Where seeds come from and which are kept."""

    sources: tuple[str, ...] = ("package:statistics",)
    """`package:NAME`, `tree:DIR`, `jsonl:FILE` (or Parquet) or `hub:OWNER/NAME[@REVISION]`."""
    fields: dict[Literal["code", "answer", "instruction", "license"], str] = Field(
        default_factory=dict
    )
    """Columns of rows that are no seeds yet, where they are not called what they usually are."""
    split: str = "train"
    """For `hub:` sources."""
    max_seeds: int = Field(1000, ge=1)
    """A seeded random choice of so many."""
    max_per_source: dict[str, int] = Field(default_factory=dict)
    """Only the first so many of a source are read."""
    min_chars: int = Field(100, ge=0)
    """Shorter code is dropped (METHOD, M1)."""
    max_chars: int = Field(4000, ge=1)
    """Longer code is dropped."""
    decontaminate_against: tuple[str, ...] = ("humaneval", "first_steps/held_out")
    """Problem sets whose references and questions no seed may share a run of words with."""
    shingle_words: int = Field(13, ge=3)
    """Length of such a run."""
    seed: int = 0
    """For the random choice."""

    def external_inputs(self) -> dict[str, str]:
        sets = {name: loading.digest(name) for name in self.decontaminate_against}
        return sets | {source: reading.source_version(source) for source in self.sources}


def collect_seeds(config: CollectSeedsConfig, *, seeds: Out, context: StageContext) -> Report:
    """Write the chosen seeds. Raises InputError on an unknown source, PlatformError on the hub."""
    found = dropped_size = contaminated = 0
    known: set[str] = set()
    kept: list[Seed] = []
    rejects = Rejects()
    guard = Decontaminator(_protected(config), size=config.shingle_words)
    for source in config.sources:
        limit = config.max_per_source.get(source)
        read = reading.read_source(
            source,
            split=config.split,
            fields={str(key): name for key, name in config.fields.items()},
            rejects=rejects,
        )
        for seed in islice(read, limit):
            found += 1
            text = reading.normalized(seed.code)
            if not config.min_chars <= len(seed.code) <= config.max_chars:
                dropped_size += 1
            elif text in known:
                continue
            elif guard.contaminates(seed.code):
                contaminated += 1
            else:
                known.add(text)
                kept.append(seed)
    chosen = kept
    if len(kept) > config.max_seeds:
        picks = random.Random(config.seed).sample(range(len(kept)), config.max_seeds)
        chosen = [kept[i] for i in sorted(picks)]
    write_table(seeds, Seed, chosen)
    context.progress.say(f"{found} functions found, {len(kept)} fit, {len(chosen)} chosen")
    rejects.say(context.progress.say)
    counts = {
        "rejected_rows": rejects.count,
        "found": found,
        "dropped_size": dropped_size,
        "contaminated": contaminated,
        "duplicates": found - dropped_size - contaminated - len(kept),
        "seeds": len(chosen),
    }
    return Report(
        {name: float(value) for name, value in counts.items()},
        details={"rejected": list(rejects.examples)},
    )


def _protected(config: CollectSeedsConfig) -> list[str]:
    texts = []
    for name in config.decontaminate_against:
        for problem in loading.load(name):
            texts += [problem.question, problem.reference]
    return [text for text in texts if text]
