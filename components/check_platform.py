"""KFP component of the stage check_platform. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def check_platform(
    step: str,
    config: str,
    run_key: str,
    report: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "check_platform",
        step=step,
        config=config,
        run_key=run_key,
        inputs={},
        outputs={"report": report.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
