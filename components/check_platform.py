"""KFP component: check_platform: does what the run needs work here? Fails before time or money is spent."""

from kfp import dsl
from kfp.dsl import Dataset, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def check_platform(
    step: str,
    config: str,
    run_key: str,
    report: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
) -> None:
    from acecoder.engine.runner import run_component
    from acecoder.stages.check_platform import check_platform as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={},
        outputs={"report": report.path},
        views={"summary": summary.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
