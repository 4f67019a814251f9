"""An S3-compatible store that speaks HTTP, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from moto.server import ThreadedMotoServer

from acecoder.store import ObjectStore


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    server = ThreadedMotoServer(port=0)
    server.start()
    _, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    import boto3

    boto3.client("s3").create_bucket(Bucket="lake")
    try:
        yield ObjectStore("s3://lake/team/a")
    finally:
        # Its state belongs to the process, not to the server.
        urlopen(f"http://127.0.0.1:{port}/moto-api/reset", data=b"").close()
        server.stop()
