"""KFP component of the stage evaluate_model. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from acecoder.components._images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def evaluate_model(
    step: str,
    config: str,
    run_key: str,
    benchmark: Input[Dataset],
    programs: Input[Dataset],
    scores: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
    verdicts: Input[Dataset] = None,
    generated_verdicts: Input[Dataset] = None,
    training_problems: Input[Dataset] = None,
    reward_model: Input[Model] = None,
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "evaluate_model",
        step=step,
        config=config,
        run_key=run_key,
        inputs={
            "benchmark": benchmark.path,
            "programs": programs.path,
            "verdicts": verdicts.path if verdicts else None,
            "generated_verdicts": generated_verdicts.path if generated_verdicts else None,
            "training_problems": training_problems.path if training_problems else None,
            "reward_model": reward_model.path if reward_model else None,
        },
        outputs={"scores": scores.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
