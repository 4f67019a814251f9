"""KFP component: train_reward_model: preference pairs -> reward_model, with its accuracy on held-out pairs."""

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
    from acecoder.engine.runner import run_component
    from acecoder.stages.train_reward_model import train_reward_model as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"pairs": pairs.path},
        outputs={"reward_model": reward_model.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
