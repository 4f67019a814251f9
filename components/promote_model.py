"""KFP component: promote_model: scores + registry -> a decision, a registered version, the change to git."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

from components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def promote_model(
    step: str,
    config: str,
    run_key: str,
    policy: Input[Model],
    candidate_scores: Input[Dataset],
    initial_scores: Input[Dataset],
    decision: Output[Dataset],
) -> None:
    from acecoder.runner import run_component
    from acecoder.stages.promote_model import promote_model as stage

    run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={
            "policy": policy.path,
            "candidate_scores": candidate_scores.path,
            "initial_scores": initial_scores.path,
        },
        outputs={"decision": decision.path},
    )
