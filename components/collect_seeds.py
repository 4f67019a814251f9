"""KFP component: collect_seeds: real code -> seeds, deduplicated, decontaminated, their origin kept."""

from kfp import dsl
from kfp.dsl import Dataset, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def collect_seeds(
    step: str,
    config: str,
    run_key: str,
    seeds: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
) -> None:
    from acecoder.engine.runner import run_component
    from acecoder.stages.collect_seeds import collect_seeds as stage

    measured = run_component(
        stage,
        step=step,
        config=config,
        run_key=run_key,
        inputs={},
        outputs={"seeds": seeds.path},
        views={"summary": summary.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
