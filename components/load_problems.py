"""KFP component: load_problems: synthesised problems and problem sets (shipped or given) -> one table."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def load_problems(
    step: str,
    config: str,
    run_key: str,
    problems: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    synthesized: Input[Dataset] = None,
) -> None:
    from acecoder.engine.runner import run_component
    from acecoder.stages.load_problems import load_problems as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"synthesized": synthesized.path if synthesized else None},
        outputs={"problems": problems.path},
        views={"summary": summary.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
