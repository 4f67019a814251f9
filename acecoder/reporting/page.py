"""One self-contained HTML page of a run; every number says which step it is from.

Texts of models and programs are untrusted: everything is escaped, and there is no script.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from acecoder.reporting import charts
from acecoder.reporting.records import StepRecord

Steps = Mapping[str, StepRecord]

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d5dae0; --card: #f6f8fa;
  --accent: #0b62c4; --second: #b4540a; --back: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa4af; --line: #394049;
  --card: #1d2229; --accent: #6cb0ff; --second: #f0a35e; --back: #14181d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.soft, .from { color: var(--soft); } .from { font-size: .8rem; margin: .3rem 0 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: .7rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem; }
.card b { display: block; font-size: 1.35rem; } .card span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; } code { font-size: .85em; }
svg { width: 100%; max-width: 620px; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
.bar { fill: var(--accent); } .grid { stroke: var(--line); } .dot { fill: var(--accent); }
.range { stroke: var(--accent); stroke-width: 3; opacity: .45; }
.line0, .line1 { fill: none; stroke-width: 2; } .line0 { stroke: var(--accent); }
.line1 { stroke: var(--second); } svg .name0 { fill: var(--accent); } svg .name1 { fill: var(--second); }
.wide { overflow-x: auto; }
"""


def write(path: Path, steps: Steps, *, profile: str, run_key: str) -> None:
    """Write the page; sections of steps that did not run are left out."""
    sections = (
        _funnel,
        _filtering,
        _pass_rates,
        _reward_model,
        _policy,
        _evaluation,
        _gate,
        _provenance,
    )
    body = "".join(section(steps) for section in sections)
    of = f"profile {escape(profile)}, " if profile else ""
    made = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>AceCoder run {escape(run_key)}</title><style>{STYLE}</style></head><body>"
        f"<h1>AceCoder run <code>{escape(run_key)}</code></h1>"
        f'<p class="soft">{of}{len(steps)} steps, written {made}</p>'
        f"{_cards(steps)}{body}</body></html>\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    numeric = [all(_is_number(row[i]) for row in rows) and bool(rows) for i in range(len(head))]
    mark = [' class="n"' if number else "" for number in numeric]
    cells = "".join(f"<th{m}>{escape(h)}</th>" for h, m in zip(head, mark, strict=True))
    lines = "".join(
        "<tr>"
        + "".join(f"<td{m}>{escape(c)}</td>" for c, m in zip(row, mark, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table></div>'


def _is_number(text: str) -> bool:
    return (
        text.replace(".", "").replace("-", "").replace("+", "").replace(" ", "").isdigit()
        or not text
    )


def _from(*steps: StepRecord) -> str:
    texts = [f"<code>{escape(s.step)}</code> {s.stage_key[:12]}" for s in steps]
    return f'<p class="from">from {", ".join(texts)}</p>'


def _section(title: str, *parts: str) -> str:
    return f"<h2>{escape(title)}</h2>{''.join(parts)}"


def _cards(steps: Steps) -> str:
    wanted: tuple[tuple[str, str, str, Callable[[float], str]], ...] = (
        ("filter_tests.train", "problems_kept", "problems kept", "{:.0f}".format),
        ("judge_programs.candidates", "programs", "candidate programs judged", "{:.0f}".format),
        ("build_pairs", "pairs", "preference pairs", "{:.0f}".format),
        (
            "train_reward_model",
            "held_out_accuracy",
            "reward model, held-out accuracy",
            "{:.3f}".format,
        ),
        ("evaluate_model.initial", "first_steps_average", "initial model, pass@1", "{:.3f}".format),
        ("evaluate_model.policy", "first_steps_average", "policy, pass@1", "{:.3f}".format),
    )
    cards = "".join(
        f'<div class="card"><b>{show(steps[step].metrics[name])}</b><span>{label}</span></div>'
        for step, name, label, show in wanted
        if step in steps and name in steps[step].metrics
    )
    return f'<div class="cards">{cards}</div>'


def _count(step: StepRecord, name: str) -> str:
    return f"{step.metrics.get(name, 0):.0f}"


def _funnel(steps: Steps) -> str:
    rows: list[tuple[str, str, str]] = []
    for where, name, label in (
        ("collect_seeds", "found", "functions found"), ("collect_seeds", "seeds", "seeds chosen"),
        ("synthesize_tests", "problems", "problems imagined"),
        ("load_problems.train", "problems", "problems, with problem sets"),
        ("load_problems.train", "tests", "their tests"),
        ("filter_tests.train", "tests_kept", "tests kept"),
        ("filter_tests.train", "problems_kept", "problems kept"),
        ("sample_programs.candidates", "programs", "candidate programs"),
        ("judge_programs.candidates", "all_passed", "of them pass every test"),
        ("build_pairs", "problems_with_pairs", "problems that give pairs"),
        ("build_pairs", "pairs", "preference pairs"),
        ("select_hard_problems", "hard", "problems for RL"),
    ):  # fmt: skip
        if where in steps:
            rows.append((label, _count(steps[where], name), where))
    parts = [_table(("", "count", "step"), rows)] if rows else []
    if "synthesize_tests" in steps:
        step = steps["synthesize_tests"]
        why = [(k.removeprefix("unusable_").replace("_", " "), _count(step, k))
               for k in step.metrics if k.startswith("unusable_")]  # fmt: skip
        parts.append(
            "<p>Why answers to seeds gave no problem:</p>" + _table(("reason", "answers"), why)
        )
    return _section("From seeds to pairs", *parts) if rows else ""


def _filtering(steps: Steps) -> str:
    parts = []
    for name in ("filter_tests.train", "filter_tests.benchmark"):
        if name not in steps:
            continue
        step = steps[name]
        rows = []
        for source, count in step.details.get("sources", {}).items():
            dropped = [f"{k.removeprefix('tests_dropped_')} {v}" for k, v in sorted(count.items())
                       if k.startswith("tests_dropped_")]  # fmt: skip
            rows.append((
                source, str(count.get("problems_kept", 0)), str(count["problems"]),
                str(count["tests_kept"]), str(count["tests"]), ", ".join(dropped) or "none",
            ))  # fmt: skip
        head = (
            "source",
            "problems kept",
            "of",
            "tests kept",
            "of",
            "dropped, by what the oracle did",
        )
        parts.append(f"<p><b>{escape(name)}</b></p>{_table(head, rows)}")
        known = step.details.get("known_wrong_tests", {})
        if any(known.values()):
            caught = known["wrong_dropped"]
            parts.append(
                f"<p>Of the tests known to be wrong, {caught} of {caught + known['wrong_kept']} were "
                f"dropped; of those known to be right, {known['right_dropped']} of "
                f"{known['right_dropped'] + known['right_kept']} were dropped with them.</p>"
            )
        parts.append(_from(step))
    return _section("Filtering noisy tests", *parts) if parts else ""


def _pass_rates(steps: Steps) -> str:
    step = steps.get("judge_programs.candidates")
    if step is None:
        return ""
    outcomes = [
        (k.removeprefix("tests_"), _count(step, k)) for k in step.metrics if k.startswith("tests_")
    ]
    chart = charts.histogram(step.details.get("pass_rate_bins", []), label="programs by pass rate")
    weak = f"<p>{_count(step, 'weak_tests')} verdicts on single tests are weak (judged beside the program).</p>"
    return _section("Pass rates of candidate programs", chart, _table(("outcome", "tests"), outcomes), weak,
                    _from(step))  # fmt: skip


def _reward_model(steps: Steps) -> str:
    step = steps.get("train_reward_model")
    if step is None:
        return ""
    m = step.metrics
    text = (
        f"<p>Accuracy on held-out pairs: <b>{m['held_out_accuracy']:.3f}</b> on {m['pairs_held_out']:.0f} pairs "
        f"of {m['problems_held_out']:.0f} problems that it never saw. Averaged by problem: "
        f"{m['held_out_accuracy_by_problem']:.3f}, 95 % interval "
        f"[{m['held_out_accuracy_low']:.3f}, {m['held_out_accuracy_high']:.3f}] over problems. "
        f"Trained on {m['pairs_trained']:.0f} pairs.</p>"
    )
    curves = [
        ("loss", step.series.get("loss", [])),
        ("batch accuracy", step.series.get("accuracy", [])),
    ]
    return _section(
        "Reward model", text, charts.line(curves, label="loss and accuracy by step"), _from(step)
    )


def _policy(steps: Steps) -> str:
    step = steps.get("train_policy")
    if step is None:
        return ""
    m = step.metrics
    text = (
        f"<p>{m['updates']:.0f} updates by {escape(str(step.config['algorithm']['kind']))} on {m['problems']:.0f} "
        f"problems. Weights moved by {m['weight_change']:.2e} (relative L2), in "
        f"{m['tensors_changed']:.0f} tensors. Mean reward of the first quarter "
        f"{m['reward_first_quarter']:.3f}, of the last {m['reward_last_quarter']:.3f}; each step has "
        "different problems, so this curve is noisy. The score before and after is in the table below.</p>"
    )
    chart = charts.line([("reward", step.series.get("reward", []))], label="mean reward by step")
    return _section("Reinforcement learning", text, chart, _from(step))


def _evaluation(steps: Steps) -> str:
    evaluated = [step for step in steps.values() if step.stage == "evaluate_model"]
    if not evaluated:
        return ""
    scores = [(step.step.partition(".")[2] or "model", s) for step in evaluated
              for s in step.details.get("scores", [])]  # fmt: skip
    parts = [
        "<p>95 % intervals over problems. <i>greedy</i>: one program at temperature 0. <i>average</i>: "
        "pass@1 over the samples. <i>best_of_N</i>: the reward model picks among N samples (expected over "
        "all subsets). <i>oracle</i>: some sample is right.</p>"
    ]
    for benchmark in dict.fromkeys(s["benchmark"] for _, s in scores):
        here = [(model, s) for model, s in scores if s["benchmark"] == benchmark]
        order = list(dict.fromkeys(s["metric"] for _, s in here))
        here.sort(key=lambda item: order.index(item[1]["metric"]))
        dots = [(f"{model} {s['metric']}", s["value"], s["low"], s["high"]) for model, s in here]
        rows = [
            (model, s["metric"], f"{s['value']:.3f}", f"{s['low']:.3f}", f"{s['high']:.3f}",
             str(s["n_problems"]), str(s["n_samples"]))
            for model, s in here
        ]  # fmt: skip
        head = ("model", "metric", "value", "low", "high", "problems", "samples")
        parts.append(
            f"<h3>{escape(benchmark)}</h3>{charts.intervals(dots, label=benchmark)}{_table(head, rows)}"
        )
    return _section("Evaluation", *parts, _from(*evaluated))


def _gate(steps: Steps) -> str:
    step = steps.get("promote_model")
    if step is None:
        return ""
    d = step.details
    word = "promoted" if d.get("promote") else "not promoted"
    text = (
        f"<p>{escape(str(d.get('model')))} version {escape(str(d.get('version')))} was <b>{word}</b> "
        f"against {escape(str(d.get('against')))} on {escape(str(d.get('benchmark')))} "
        f"{escape(str(d.get('metric')))}: {escape(str(d.get('reason')))}.</p>"
        f'<p class="from">commit <code>{escape(str(d.get("commit"))[:12])}</code> of the home\'s git</p>'
    )
    return _section("Gate", text, _from(step))


def _provenance(steps: Steps) -> str:
    rows = [(s.step, s.stage_key[:16], f"{s.wall_s:.1f}", str(s.directory)) for s in steps.values()]
    return _section(
        "Where every number is from",
        "<p>Each step's outputs, with sha256 of every file in <code>manifest.json</code>, and its "
        "<code>report.json</code>:</p>",
        _table(("step", "stage key", "seconds", "directory"), rows),
    )
