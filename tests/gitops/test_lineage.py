"""From a version back to its seeds, by digests."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from acecoder.engine.contract import FinishedStep, Version
from acecoder.promotion.lineage import as_json, as_svg, as_text, trace


def step(
    name: str, inputs: dict[str, str], outputs: dict[str, str], run: str = "r1"
) -> FinishedStep:
    return FinishedStep(name, name, f"key-{name}-{run}", run, inputs, outputs, "", {}, "")


STEPS = [
    step("train_policy", {"problems": "hard", "model": "elsewhere"}, {"policy": "weights"}),
    step("select_hard", {"problems": "kept", "verdicts": "v"}, {"hard": "hard"}),
    step("judge", {"problems": "kept"}, {"verdicts": "v"}),
    step("filter", {"seeds": "s"}, {"kept": "kept"}),
    step("filter", {"seeds": "s"}, {"kept": "kept"}, run="r2"),
    step("collect", {}, {"seeds": "s"}),
    step("other", {}, {"x": "y"}),
]
VERSION = Version("p", "3", "s3://x", {"digest": "weights", "run_key": "r2"})


def test_each_step_is_found_by_what_it_made_and_stands_behind_all_that_read_it() -> None:
    links = trace(VERSION, STEPS)
    depths = {link.step.step: link.depth for link in links}
    assert depths == {"train_policy": 0, "select_hard": 1, "judge": 2, "filter": 3, "collect": 4}
    (filtered,) = [link for link in links if link.step.step == "filter"]
    assert filtered.step.run_key == "r2", "the version's own run is preferred"
    text = as_text(VERSION, links)
    assert "model elsewhere from outside: no step here made it" in text
    assert text.index("train_policy") < text.index("collect  key")
    assert {each["step"] for each in json.loads(as_json(VERSION, links))["steps"]} == set(depths)
    ElementTree.fromstring(as_svg(VERSION, links))


def test_a_version_from_elsewhere_has_no_steps() -> None:
    unknown = Version("p", "1", "s3://x", {"digest": "z"})
    assert trace(unknown, STEPS) == []
    assert as_text(unknown, []).startswith("p/1")
    ElementTree.fromstring(as_svg(unknown, []))
