"""The replicas of the pool: who they are, how they are doing, which one to ask next."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acecoder.engine.progress import warn
from acecoder.errors import InputError, SandboxUnavailable
from acecoder.sandbox.contract import SandboxConfig
from acecoder.sandbox.worker.outside.identity import identity

CONNECT_S = 5.0
LOOK_S = 0.25
SAY_AFTER_S = 5.0
RESOLVE_EVERY_S = 5.0
REST_S = 2.0
"""How long a replica that failed is left alone."""
MAX_RESTS = 2
"""A replica that fails again and again rests twice as long each time, up to 2 to this power."""
REMEDY = "kubectl get pods -l app.kubernetes.io/name=sandbox-pool (ready, in gVisor, same version?)"

Address = tuple[str, int]


@dataclass
class Replica:
    """How one replica is doing."""

    under_way: int = 0
    failures: int = 0
    """In a row."""
    rest_until_s: float = 0.0
    checked: bool = False


@dataclass
class Replicas:
    """The addresses behind the Service's name, and how each of them is doing."""

    config: SandboxConfig
    _known: dict[Address, Replica] = field(default_factory=dict)
    _resolved_s: float = -1e9
    _fault: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.config.pool.url)
        if parts.scheme != "http" or not parts.hostname:
            raise InputError(
                f"not the address of a pool: {self.config.pool.url!r}",
                where="sandbox.pool.url",
                remedy="http://sandbox-pool:8080",
            )
        self._host, self._port = parts.hostname, parts.port or 80

    def token(self) -> str:
        """Read anew for each request: a mounted Secret may be rotated."""
        file = self.config.pool.token_file
        if not file:
            return ""
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InputError(f"cannot read the token: {error.strerror}", where=file) from None

    def pick(self, without: Container[Address] = ()) -> Address | None:
        """The replica with most room, or None where none has any now; one that failed comes last."""
        self._resolve()
        now_s, bound = time.monotonic(), self.config.pool.requests_per_replica
        free = [
            (replica.failures > 0, replica.under_way, address)
            for address, replica in self._known.items()
            if replica.under_way < bound
            and replica.rest_until_s <= now_s
            and address not in without
        ]
        return min(free)[2] if free else None

    def answered(self, address: Address) -> None:
        """It works."""
        if address in self._known:
            self._known[address].failures = 0

    def begin(self, address: Address) -> None:
        self._known[address].under_way += 1

    def end(self, address: Address, how: str, detail: str) -> None:
        replica = self._known.get(address)
        if replica is None:
            return
        replica.under_way -= 1
        if how != "done":
            rest_s = REST_S if how == "busy" else REST_S * 2 ** min(replica.failures, MAX_RESTS)
            replica.failures += how != "busy"
            replica.rest_until_s = time.monotonic() + rest_s
            self._fault = detail or how

    def check(self, address: Address) -> None:
        """Is this replica of our version? Raises: SandboxUnavailable, OSError."""
        replica = self._known.get(address)
        if replica is None or replica.checked:
            return
        found, own = _ask(address, "/v1/identity"), identity()
        if found != own:
            raise SandboxUnavailable(
                f"{address[0]} runs another worker: {found or 'it says nothing'}, not {own}",
                where="sandbox pool",
                remedy="one release for the image and this client",
            )
        replica.checked = True

    def exposed(self) -> dict[str, str]:
        self._resolve()
        found = {}
        for address in self._known:
            with contextlib.suppress(OSError):  # who does not answer runs nothing
                found[address[0]] = str(_ask(address, "/v1/network").get("reached", ""))
        return {address: reached for address, reached in found.items() if reached}

    def wait_for_one(self, patience_s: float) -> None:
        """Until a replica answers and is of our version. Raises: SandboxUnavailable."""
        started_s = time.monotonic()
        deadline_s, said = started_s + patience_s, False
        while True:
            address = self.pick()
            if address is not None:
                try:
                    self.check(address)
                    return
                except OSError as error:
                    self._known[address].rest_until_s = time.monotonic() + REST_S
                    self._fault = f"{address[0]}: {error}"
            if time.monotonic() > deadline_s:
                raise self.gone()
            if not said and time.monotonic() > started_s + SAY_AFTER_S:
                warn(f"waiting up to {patience_s:.0f} s for a replica at {self.config.pool.url}")
                said = True
            time.sleep(LOOK_S)

    def gone(self) -> SandboxUnavailable:
        return SandboxUnavailable(
            f"no replica answers at {self.config.pool.url}: {self._fault or 'none found'}",
            where="sandbox pool",
            remedy=REMEDY,
        )

    def _resolve(self) -> None:
        now_s = time.monotonic()
        if now_s - self._resolved_s < RESOLVE_EVERY_S:
            return
        self._resolved_s = now_s
        try:
            found = socket.getaddrinfo(self._host, self._port, socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            self._fault = f"{self._host}: {error}"
            return  # those known may still answer
        addresses = {(str(each[4][0]), int(each[4][1])) for each in found}
        for address in addresses - self._known.keys():
            self._known[address] = Replica()
        for address in self._known.keys() - addresses:
            if not self._known[address].under_way:
                del self._known[address]


def _ask(address: Address, path: str) -> dict[str, Any]:
    """What a replica says of itself; empty where it says nothing. Raises OSError."""
    connection = http.client.HTTPConnection(*address, timeout=CONNECT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        said = json.loads(body) if response.status == 200 else {}
    except (ValueError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return said if isinstance(said, dict) else {}
