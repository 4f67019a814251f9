"""KFP component of the stage load_samples. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def load_samples(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    samples: Input[Dataset],
    programs: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "load_samples",
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "samples": samples.path},
        outputs={"programs": programs.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
