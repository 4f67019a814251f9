"""KFP component of the stage train_reward_model. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from acecoder.components._images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def train_reward_model(
    step: str,
    config: str,
    run_key: str,
    pairs: Input[Dataset],
    reward_model: Output[Model],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "train_reward_model",
        step=step,
        config=config,
        run_key=run_key,
        inputs={"pairs": pairs.path},
        outputs={"reward_model": reward_model.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
