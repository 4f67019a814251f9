"""One example of each thing that a run counts, as a section of the report."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from acecoder.reporting import examples
from acecoder.reporting.html import code, section, table
from acecoder.reporting.records import Steps

MAX_CHANGED = 5


def example_section(steps: Steps) -> str:
    """A seed with its question, dropped tests, programs right and wrong, a pair, what the policy wrote
    while it was trained, what changed."""
    parts = [
        *_imagined(steps),
        *_dropped(steps),
        *_programs(steps),
        *_pair(steps),
        *_completions(steps),
        *_changed(steps),
    ]
    if not parts:
        return ""
    more = "<p>One of each; <code>acecoder show latest dropped|programs|pairs|completions|changed</code> lists all.</p>"
    return section("Examples", more, *parts)


def _imagined(steps: Steps) -> Iterator[str]:
    for seed, problem in examples.imagined(steps):
        tests = "\n".join(test for test in problem.tests[:5] if isinstance(test, str))
        shown = [("a question that was imagined", problem.question), ("its first tests", tests)]
        if seed is not None:
            shown.insert(0, (f"a seed ({seed.origin})", seed.code))
        yield _side_by_side(shown)
        return


def _dropped(steps: Steps) -> Iterator[str]:
    gone = next((each for each in examples.dropped(steps) if each.test), None)
    if gone is not None:
        yield (
            f"<p>A test that was dropped, of <code>{escape(gone.problem_id)}</code> "
            f"({escape(gone.step)}): the oracle's answer was another.</p>"
            f"{code(f'{gone.test}{chr(10)}{gone.why}')}"
        )


def _programs(steps: Steps) -> Iterator[str]:
    right = wrong = None
    for each in examples.judged(steps, step_name="judge_programs.policy"):
        if not each.program.program.strip():
            continue
        right = right or (each if each.pass_rate == 1.0 else None)
        wrong = wrong or (each if each.pass_rate < 1.0 else None)
        if right and wrong:
            break
    shown = [
        (f"{word}: {each.program.id} {each.reason}", each.program.program)
        for word, each in (("a right program", right), ("a wrong one", wrong))
        if each is not None
    ]
    if shown:
        yield _side_by_side(shown)


def _pair(steps: Steps) -> Iterator[str]:
    pair = next(examples.pairs(steps), None)
    if pair is not None:
        yield f"<p>A preference pair for: {escape(pair.prompt[:300])}</p>"
        yield _side_by_side(
            [
                (f"chosen, passes {pair.chosen_pass_rate:.0%}", pair.chosen),
                (f"rejected, passes {pair.rejected_pass_rate:.0%}", pair.rejected),
            ]
        )


def _completions(steps: Steps) -> Iterator[str]:
    by_rollout: dict[int, list[examples.Rolled]] = {}
    for each in examples.completions(steps):
        by_rollout.setdefault(each.rollout, []).append(each)
    if by_rollout:
        yield (
            "<p>What the policy wrote while it was trained: of the first, the middle and the last "
            "rollout the completions with the highest and the lowest reward.</p>"
        )
    for rolled in by_rollout.values():
        yield _side_by_side(
            [
                (f"rollout {e.rollout}, {e.problem_id}, reward {e.reward:.3g}", e.text)
                for e in rolled
            ]
        )


def _changed(steps: Steps) -> Iterator[str]:
    found = examples.changed(steps)
    rows = [
        (each.problem_id, each.metric, f"{each.before:.2f}", f"{each.after:.2f}")
        for better in (True, False)
        for each in [c for c in found if (c.after > c.before) == better][:MAX_CHANGED]
    ]
    if rows:
        count = sum(each.after > each.before for each in found)
        yield (
            f"<p>{count} values of a problem rose and {len(found) - count} fell; the largest changes:</p>"
        )
        yield table(("problem", "metric", "initial", "policy"), rows)


def _side_by_side(shown: list[tuple[str, str]]) -> str:
    cells = "".join(f"<div><p class='soft'>{escape(t)}</p>{code(x)}</div>" for t, x in shown)
    return f'<div class="two">{cells}</div>'
