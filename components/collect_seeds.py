"""KFP component of the stage collect_seeds. Written by `make components`; do not edit."""

from kfp import dsl
from kfp.dsl import HTML, Dataset, Markdown, Metrics, Output

from acecoder.components._images import CPU


@dsl.component(base_image=CPU, install_kfp_package=False)
def collect_seeds(
    step: str,
    config: str,
    run_key: str,
    seeds: Output[Dataset],
    metrics: Output[Metrics],
    summary: Output[Markdown],
    page: Output[HTML],
) -> None:
    from acecoder.entry import run_component

    measured = run_component(
        "collect_seeds",
        step=step,
        config=config,
        run_key=run_key,
        inputs={},
        outputs={"seeds": seeds.path},
        views={"summary": summary.path, "page": page.path},
    )
    for name, value in measured.items():
        metrics.log_metric(name, value)
