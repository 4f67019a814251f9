"""What a model server answers: which versions it serves, a greedy completion, a reward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acecoder.errors import InputError, PlatformError

TIMEOUT_S = 120.0
MAX_RETRIES = 3
BUSY = (429, 502, 503, 504)


@dataclass(frozen=True)
class ServedModel:
    """A server of vLLM's API under one address."""

    url: str
    """Without `/v1`."""
    key: str = ""
    """Bearer token, where the server asks for one."""

    def versions(self) -> list[str]:
        """All names it answers to, `NAME/VERSION` among them. Raises PlatformError."""
        return [str(model["id"]) for model in self._call("GET", "/v1/models")["data"]]

    def version_of(self, name: str) -> str:
        """The version behind a model's name. Raises InputError where it says none, PlatformError."""
        found = [each for each in self.versions() if each.startswith(f"{name}/")]
        if len(found) != 1:
            raise InputError(
                f"it names {len(found)} versions of {name}, not one",
                where=f"{self.url}/v1/models",
                remedy="manifests/serving serves NAME and NAME/VERSION",
            )
        return found[0].removeprefix(f"{name}/")

    def chat(self, name: str, question: str, *, max_tokens: int) -> str:
        """The greedy answer to a question. Raises PlatformError."""
        body = {
            "model": name,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": max_tokens,
            "temperature": 0,
        }
        answer = self._call("POST", "/v1/chat/completions", body)
        return str(answer["choices"][0]["message"]["content"])

    def rewards(self, name: str, texts: Sequence[str] | Sequence[list[int]]) -> list[float]:
        """The raw score of each rendered chat, given as text or token ids. Raises PlatformError."""
        answer = self._call("POST", "/classify", {"model": name, "input": list(texts)})
        by_index = {each["index"]: float(each["probs"][0]) for each in answer["data"]}
        return [by_index[index] for index in range(len(texts))]

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        # A pod that ends or a busy gateway is no reason to lose a step; every call may be repeated.
        tries = Retry(
            total=MAX_RETRIES, backoff_factor=0.2, status_forcelist=BUSY, allowed_methods=None
        )
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        url = f"{self.url.rstrip('/')}{path}"
        try:
            with requests.Session() as session:
                for scheme in ("http://", "https://"):
                    session.mount(scheme, HTTPAdapter(max_retries=tries))
                answer = session.request(method, url, json=body, headers=headers, timeout=TIMEOUT_S)
            answer.raise_for_status()
            return answer.json()
        except (requests.RequestException, ValueError) as error:
            raise PlatformError(
                f"the model server does not answer as it should: {str(error)[:300]}",
                where=url,
                remedy="kubectl -n acecoder-serving get pods; is the address right?",
            ) from error
