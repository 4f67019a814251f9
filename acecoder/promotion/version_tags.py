"""What a version in the registry says of itself: recipe, parent, code, images, data, scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from acecoder.engine.contract import FinishedStep, Version
from acecoder.engine.tracking.starting import legal_names
from acecoder.promotion.lineage import trace
from acecoder.schema import Score


def of_steps(version: Version, steps: Sequence[FinishedStep]) -> dict[str, str]:
    """Tags by the steps that made a version; none where MLflow knows of none.

    `recipe`: the training step and its key. `parent`: the model it started from. `commit`: of the code.
    `images`: of all steps behind it. `data.NAME`: digest of what the training step read.
    """
    links = trace(version, steps)
    if not links:
        return {}
    made = links[0].step
    revision = made.params.get("model.revision", "")
    parent = made.params.get("model.source", "")
    images = sorted({link.step.image for link in links if link.step.image})
    tags = {
        "recipe": f"{made.step} {made.stage_key}",
        "parent": f"{parent}@{revision}" if parent and revision else parent,
        "commit": made.commit,
        "images": " ".join(images),
    }
    tags |= {f"data.{name}": digest for name, digest in sorted(made.inputs.items())}
    return {name: value for name, value in tags.items() if value}


def of_scores(scores: Iterable[Score]) -> dict[str, str]:
    """`score.BENCHMARK.METRIC`: value, 95 % interval, number of problems."""
    return legal_names(
        {
            f"score.{each.benchmark}.{each.metric}": (
                f"{each.value:.4f} [{each.low:.4f}, {each.high:.4f}] n={each.n_problems}"
            )
            for each in scores
        }
    )
