"""KFP component: select_hard_problems: kept problems + verdicts -> the hard quarter, for RL."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def select_hard_problems(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    verdicts: Input[Dataset],
    hard: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
) -> None:
    from acecoder.engine.runner import run_component
    from acecoder.stages.select_hard_problems import select_hard_problems as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "verdicts": verdicts.path},
        outputs={"hard": hard.path},
        views={"summary": summary.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
