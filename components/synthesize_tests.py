"""KFP component of the stage synthesize_tests. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Output

from acecoder.components._images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def synthesize_tests(
    step: str,
    config: str,
    run_key: str,
    seeds: Input[Dataset],
    problems: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "synthesize_tests",
        step=step,
        config=config,
        run_key=run_key,
        inputs={"seeds": seeds.path},
        outputs={"problems": problems.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
