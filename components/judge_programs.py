"""KFP component of the stage judge_programs. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def judge_programs(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    programs: Input[Dataset],
    verdicts: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "judge_programs",
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "programs": programs.path},
        outputs={"verdicts": verdicts.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
