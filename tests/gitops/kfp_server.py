"""The part of KFP's API that submitting uses, over HTTP, for tests: experiments and runs in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.gitops.json_server import JsonServer

ROOT = "/apis/v2beta1"


class KfpServer:
    """Runs are PENDING until a test says otherwise."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self._server = JsonServer(self.answer)
        self.url, self.close = self._server.url, self._server.close

    def answer(
        self, method: str, path: str, body: dict[str, Any], headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """See `JsonServer`."""
        del headers
        parts = urlsplit(path)
        place = parts.path.removeprefix(ROOT)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if place == "/experiments":
            one = {"experiment_id": "e", "display_name": "acecoder", "namespace": "acecoder"}
            return 200, one if method == "POST" else {"experiments": [one]}
        if place == "/runs" and method == "POST":
            made = {
                "run_id": f"run-{len(self.runs) + 1}", "display_name": body["display_name"],
                "state": "PENDING", "created_at": now,
                "runtime_config": body.get("runtime_config", {}),
            }  # fmt: skip
            self.runs.append(made)
            return 200, made
        if place == "/runs":
            asked = json.loads(parse_qs(parts.query)["filter"][0])["predicates"][0]["stringValue"]
            return 200, {"runs": [r for r in self.runs if asked in r["display_name"]]}
        name, _, verb = place.removeprefix("/runs/").partition(":")
        found = next((r for r in self.runs if r["run_id"] == name), None)
        if found is None:
            return 404, {"error": f"no {place}"}
        if verb == "terminate":
            found["state"] = "CANCELED"
        return 200, found
