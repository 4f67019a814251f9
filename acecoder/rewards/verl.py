"""verl's custom reward function, over `acecoder serve-rewards`. Needs nothing but Python.

    custom_reward_function.path=.../acecoder/rewards/verl.py custom_reward_function.name=compute_score

The problem's id is the row's `reward_model.ground_truth`. `ACECODER_REWARDS_URL` is the service's address,
`ACECODER_REWARDS_TOKEN_FILE` holds its token. With `reward_manager=batch` name `compute_scores`: one request for
all completions.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

TRIES = 6
TIMEOUT_S = 600.0
FIRST_PAUSE_S = 1.0
AGAIN = (429, 502, 503, 504)
"""Statuses that may pass."""


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: object = None, **_: object
) -> float:
    """The reward of one completion. Raises RuntimeError where it could not be scored."""
    return compute_scores([data_source], [solution_str], [ground_truth])[0]


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[str],
    extra_infos: object = None,
    **_: object,
) -> list[float]:
    """The rewards of completions, in order. Raises RuntimeError where one could not be scored: verl has no word
    for that, and a reward of 0 would be a lie."""
    found = _asked({"problem_ids": list(ground_truths), "completions": list(solution_strs)})
    lost = found.count(None)
    if lost:
        raise RuntimeError(f"{lost} of {len(found)} completions could not be scored")
    return [float(reward) for reward in found if reward is not None]


def _asked(body: dict[str, list[str]]) -> list[float | None]:
    address = os.environ.get("ACECODER_REWARDS_URL", "http://127.0.0.1:8090").rstrip("/")
    pause_s, fault = FIRST_PAUSE_S, ""
    for _ in range(TRIES):
        try:
            status, answer = _posted(f"{address}/rewards", json.dumps(body).encode())
        except (OSError, http.client.HTTPException) as error:
            status, answer = 503, str(error).encode()
        if status == 200:
            found: list[float | None] = json.loads(answer)["rewards"]
            return found
        fault = f"{status}: {answer.decode(errors='replace')[:300]}"
        if status not in AGAIN:
            break
        time.sleep(pause_s)
        pause_s *= 2
    raise RuntimeError(f"{address}/rewards: {fault}")


def _posted(address: str, body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "application/json"}
    token_file = os.environ.get("ACECODER_REWARDS_TOKEN_FILE")
    if token_file:
        headers["Authorization"] = f"Bearer {Path(token_file).read_text().strip()}"
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
