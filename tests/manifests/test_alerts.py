"""The alerts fire when they should, and not before: `promtool test rules`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

RULES = Path("manifests/components/monitoring/alerts.yaml")


def test_the_alerts_fire_on_the_series_of_what_went_wrong(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH")
    rules = yaml.safe_load(RULES.read_text())["spec"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    shutil.copy(Path(__file__).with_name("alerts.test.yaml"), tmp_path)
    command = [promtool, "test", "rules", "alerts.test.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried() -> None:
    """Those whose rule is a plain threshold of one series are read, not tried."""
    groups = yaml.safe_load(RULES.read_text())["spec"]["groups"]
    named = {rule["alert"] for group in groups for rule in group["rules"]}
    tests = yaml.safe_load(Path(__file__).with_name("alerts.test.yaml").read_text())["tests"]
    tried = {case["alertname"] for test in tests for case in test["alert_rule_test"]}
    assert tried <= named
    assert named - tried == {
        "SandboxPoolSaturated", "SandboxWorkersLost", "SandboxUnauthorized", "MlflowDown",
    }  # fmt: skip
