"""KFP component of the stage evaluate_reward_model. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from acecoder.components._images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def evaluate_reward_model(
    step: str,
    config: str,
    run_key: str,
    reward_model: Input[Model],
    scores: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
    pairs: Input[Dataset] = None,
    problems: Input[Dataset] = None,
    programs: Input[Dataset] = None,
    verdicts: Input[Dataset] = None,
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "evaluate_reward_model",
        step=step,
        config=config,
        run_key=run_key,
        inputs={
            "reward_model": reward_model.path,
            "pairs": pairs.path if pairs else None,
            "problems": problems.path if problems else None,
            "programs": programs.path if programs else None,
            "verdicts": verdicts.path if verdicts else None,
        },
        outputs={"scores": scores.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
