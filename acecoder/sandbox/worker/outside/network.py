"""Can this pod reach what a network policy should keep from it?"""

import os
import socket

PATIENCE_S = 2.0


def reached() -> str:
    """The address of the cluster's API server if a connection to it opens, else an empty text.

    Every pod is told that address, and the policy `default-deny` of the pool's namespace keeps the
    pool from it: where it answers, the network enforces no policy.
    """
    host, port = (
        os.environ.get("KUBERNETES_SERVICE_HOST"),
        os.environ.get("KUBERNETES_SERVICE_PORT"),
    )
    if not host or not port:
        return ""
    try:
        socket.create_connection((host, int(port)), PATIENCE_S).close()
    except (OSError, ValueError):
        return ""
    return f"{host}:{port}"
