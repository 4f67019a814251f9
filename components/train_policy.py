"""KFP component of the stage train_policy. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from acecoder.components._images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def train_policy(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    policy: Output[Model],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
    reward_model: Input[Model] = None,
    initial: Input[Model] = None,
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "train_policy",
        step=step,
        config=config,
        run_key=run_key,
        inputs={
            "problems": problems.path,
            "reward_model": reward_model.path if reward_model else None,
            "initial": initial.path if initial else None,
        },
        outputs={"policy": policy.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
