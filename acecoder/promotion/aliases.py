"""How the alias `champion` moves, and `previous` with it."""

from __future__ import annotations

from acecoder.engine.contract import Registry


def crown(registry: Registry, name: str, version: str) -> tuple[tuple[str, str], ...]:
    """Let `champion` name a version and `previous` the champion before it; the moves that it took.

    `previous` moves first: after a kill in between, the same call makes both moves again. Raises
    TrackingUnavailable.
    """
    champion = registry.behind(name, "champion")
    if champion is not None and champion.version == version:
        return ()
    moves = [("previous", champion.version)] if champion is not None else []
    moves.append(("champion", version))
    for alias, number in moves:
        registry.point(name, alias, number)
    return tuple(moves)
