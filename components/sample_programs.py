"""KFP component: sample_programs: problems + a model -> programs."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output

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
    model: Input[Model] = None,
) -> None:
    from acecoder.engine.runner import run_component
    from acecoder.stages.sample_programs import sample_programs as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "model": model.path if model else None},
        outputs={"programs": programs.path},
        views={"summary": summary.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
