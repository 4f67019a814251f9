"""KFP component of the stage filter_tests. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def filter_tests(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    verdicts: Input[Dataset],
    kept: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "filter_tests",
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "verdicts": verdicts.path},
        outputs={"kept": kept.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
