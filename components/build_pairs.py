"""KFP component: build_pairs: kept problems + programs + verdicts -> preference pairs."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def build_pairs(
    step: str,
    config: str,
    run_key: str,
    problems: Input[Dataset],
    programs: Input[Dataset],
    verdicts: Input[Dataset],
    pairs: Output[Dataset],
) -> None:
    from acecoder.runner import run_component
    from acecoder.stages.build_pairs import build_pairs as stage

    run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={"problems": problems.path, "programs": programs.path, "verdicts": verdicts.path},
        outputs={"pairs": pairs.path},
    )
