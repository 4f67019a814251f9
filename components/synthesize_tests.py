"""KFP component: synthesize_tests: seeds -> problems; a model imagines a question and ~20 tests for each."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Markdown, Metrics, Output

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
) -> None:
    from acecoder.engine.runner import run_component
    from acecoder.stages.synthesize_tests import synthesize_tests as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"seeds": seeds.path},
        outputs={"problems": problems.path},
        views={"summary": summary.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
