"""KFP component: judge_programs: problems + programs -> verdicts, in a sandbox."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def judge_programs(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    programs: Input[Dataset],
    verdicts: Output[Dataset],
) -> None:
    from acecoder.runner import run_component
    from acecoder.stages.judge_programs import judge_programs as stage

    run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "programs": programs.path},
        outputs={"verdicts": verdicts.path},
    )
