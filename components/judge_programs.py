"""KFP component: judge_programs: problems + programs -> verdicts, in a sandbox."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Markdown, Metrics, Output

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
) -> None:
    from acecoder.engine.runner import run_component
    from acecoder.stages.judge_programs import judge_programs as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "programs": programs.path},
        outputs={"verdicts": verdicts.path},
        views={"summary": summary.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
