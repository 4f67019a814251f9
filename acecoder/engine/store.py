"""An S3-compatible object store under the home: what outlives a pod (DESIGN, "Where things lie").

`ACECODER_STORE=s3://bucket/prefix` switches it on; keys and the endpoint come from the variables
every S3 client reads (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION).
Nothing else imports boto3.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acecoder.errors import InputError, PlatformError

PARALLEL = 16
MERGED_FROM = 64
"""A journal of more segments is merged into one when it is opened."""
FULL = {"EntityTooLarge", "InsufficientStorage", "XMinioStorageFull", "QuotaExceeded"}
REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}


class ObjectStore:
    """Objects under one prefix of one bucket; names are relative to it."""

    def __init__(self, uri: str) -> None:
        scheme, _, rest = uri.partition("://")
        bucket, _, prefix = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise InputError(
                f"'{uri}' names no store", where="ACECODER_STORE", remedy="s3://BUCKET/PREFIX"
            )
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client = _client()

    @classmethod
    def from_environment(cls) -> ObjectStore | None:
        """The store that ACECODER_STORE names, or None. Raises InputError."""
        uri = os.environ.get("ACECODER_STORE", "")
        return cls(uri) if uri else None

    def uri(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def put(self, name: str, data: bytes) -> None:
        """Write one object; it is there whole when this returns. Raises PlatformError."""
        with self._reaching(name):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data)

    def get(self, name: str) -> bytes | None:
        """One object's bytes, or None. Raises PlatformError."""
        with self._reaching(name):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            except self._client.exceptions.NoSuchKey:
                return None
            data: bytes = found["Body"].read()
            return data

    def names(self, prefix: str) -> list[str]:
        """Names that start with `prefix`, sorted. Raises PlatformError."""
        return sorted(self.sizes(prefix))

    def sizes(self, prefix: str) -> dict[str, int]:
        """Names that start with `prefix`, and the bytes of each. Raises PlatformError."""
        with self._reaching(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            return {
                item["Key"].removeprefix(self._prefix): int(item["Size"])
                for page in pages
                for item in page.get("Contents", ())
            }

    def delete(self, names: list[str]) -> None:
        """Remove objects; those that are gone already count as removed. Raises PlatformError."""
        with self._reaching(names[0] if names else ""), ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(self._delete, names))

    def _delete(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def put_tree(self, directory: Path, name: str, *, last: str) -> None:
        """Upload a directory. The file `last` goes last: whoever finds it finds all others.

        Large files go in parts. Raises PlatformError.
        """
        files = sorted(f for f in directory.rglob("*") if f.is_file())
        marks = [f for f in files if str(f.relative_to(directory)) == last]
        with ThreadPoolExecutor(PARALLEL) as pool, self._reaching(name):
            for group in ([f for f in files if f not in marks], marks):
                list(
                    pool.map(lambda f: self._upload(f, f"{name}/{f.relative_to(directory)}"), group)
                )

    def get_tree(self, name: str, directory: Path) -> None:
        """Download what lies under `name/` to a directory. Raises PlatformError."""
        names = self.names(f"{name}/")
        if any(".." in Path(each).parts for each in names):
            raise PlatformError(
                f"the store has a name with '..' under {name}",
                where=self.uri(name),
                remedy="remove it; nothing of this project writes such names",
            )
        with ThreadPoolExecutor(PARALLEL) as pool, self._reaching(name):
            list(
                pool.map(lambda n: self._download(n, directory / n.removeprefix(f"{name}/")), names)
            )

    def get_file(self, name: str, file: Path) -> None:
        """Download one object, a large one in parts. Raises PlatformError."""
        with self._reaching(name):
            self._download(name, file)

    def _upload(self, file: Path, name: str) -> None:
        self._client.upload_file(str(file), self._bucket, self._prefix + name)

    def _download(self, name: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._client.download_file(self._bucket, self._prefix + name, str(file))

    @contextmanager
    def _reaching(self, name: str) -> Iterator[None]:
        """Turn what S3 clients raise into one readable error."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            raise PlatformError(
                f"the object store says {code}: {error}", where=self.uri(name), remedy=_remedy(code)
            ) from error
        except (BotoCoreError, Boto3Error) as error:
            raise PlatformError(
                f"the object store cannot be used: {error}",
                where=self.uri(name),
                remedy="is AWS_ENDPOINT_URL right, are AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY set, and the store up? finished work is kept; run again",
            ) from error


class Segments:
    """A journal as objects, one per batch of lines, because objects cannot be appended to."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        # By time of opening, then of writing; the random part keeps two pods apart.
        self._writer = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        self._written = 0

    def load(self) -> list[bytes]:
        """All segments, oldest first; many are merged into one on the way. Raises PlatformError."""
        while True:
            names = self._store.names(f"{self._prefix}/")
            with ThreadPoolExecutor(PARALLEL) as pool:
                segments = list(pool.map(self._store.get, names))
            found = [data for data in segments if data is not None]
            if len(found) == len(names):
                break
            # Another pod has merged them in between: what vanished is in a segment made since.
        if len(names) > MERGED_FROM:
            self.append(b"".join(found))
            self._store.delete(names)
        return found

    def append(self, lines: bytes) -> None:
        """Write one segment of whole lines. Raises PlatformError."""
        self._store.put(f"{self._prefix}/{self._writer}-{self._written:08d}.jsonl", lines)
        self._written += 1


def _remedy(code: str) -> str:
    if code in FULL:
        return "make room in the store; finished work is kept; run again"
    if code in REFUSED:
        return "the keys of this pod must be allowed to read, write and list the bucket"
    if code in ("NoSuchBucket", "404"):
        return "make the bucket, or correct ACECODER_STORE; a file that was there has been removed"
    return "finished work is kept; run again"


def _client() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise InputError(
            "an object store needs boto3",
            where="ACECODER_STORE",
            remedy="pip install 'acecoder[cluster]'",
        ) from None
    # Eleven tries with back-off: about 40 s, which rides out a restart and ends within a minute.
    config = Config(
        retries={"mode": "standard", "max_attempts": 11},
        connect_timeout=2,
        read_timeout=60,
        max_pool_connections=2 * PARALLEL,
        s3={"addressing_style": "path"},
    )
    return boto3.client("s3", config=config)
