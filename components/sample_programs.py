"""KFP component of the stage sample_programs. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from acecoder.components._images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def sample_programs(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    programs: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
    model: Input[Model] = None,
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "sample_programs",
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "model": model.path if model else None},
        outputs={"programs": programs.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
