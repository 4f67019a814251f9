"""KFP component of the stage promote_model. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def promote_model(
    step: str,
    config: str,
    run_key: str,
    policy: Input[Model],
    candidate_scores: Input[Dataset],
    initial_scores: Input[Dataset],
    decision: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
    reward_model: Input[Model] = None,
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "promote_model",
        step=step,
        config=config,
        run_key=run_key,
        inputs={
            "policy": policy.path,
            "candidate_scores": candidate_scores.path,
            "initial_scores": initial_scores.path,
            "reward_model": reward_model.path if reward_model else None,
        },
        outputs={"decision": decision.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
