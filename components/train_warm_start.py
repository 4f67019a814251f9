"""KFP component of the stage train_warm_start. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from acecoder.components._images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def train_warm_start(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    programs: Input[Dataset],
    verdicts: Input[Dataset],
    policy: Output[Model],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "train_warm_start",
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "programs": programs.path, "verdicts": verdicts.path},
        outputs={"policy": policy.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
