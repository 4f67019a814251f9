"""KFP component: filter_tests: problems + oracle verdicts -> problems with the tests that can be believed."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def filter_tests(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    verdicts: Input[Dataset],
    kept: Output[Dataset],
) -> None:
    from acecoder.runner import run_component
    from acecoder.stages.filter_tests import filter_tests as stage

    run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "verdicts": verdicts.path},
        outputs={"kept": kept.path},
    )
