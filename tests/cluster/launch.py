"""Stands in for KFP's launcher in a pod: artifacts in, the user's command, artifacts out.

Given (in /launch/task.json): the command and its arguments, KFP's executor input. It holds to KFP's
contract: local paths under /minio/BUCKET, the user's command run as a child, the JSON placeholder
replaced by the executor input.
"""

import json
import subprocess
import sys
from pathlib import Path

import boto3

task = json.loads(Path("/launch/task.json").read_text())
given = task["executor_input"]
client = boto3.client("s3")


def local(uri: str) -> Path:
    return Path(uri.replace("minio://", "/minio/", 1))


def bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("minio://").partition("/")
    return bucket, key


def artifacts(side: str) -> list[dict]:
    return [a for found in given[side].get("artifacts", {}).values() for a in found["artifacts"]]


for artifact in artifacts("inputs"):
    bucket, key = bucket_and_key(artifact["uri"])
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
        for item in page.get("Contents", ()):
            path = local(f"minio://{bucket}/{item['Key']}")
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, item["Key"], str(path))
for artifact in artifacts("outputs"):
    local(artifact["uri"]).parent.mkdir(parents=True, exist_ok=True)
text = json.dumps(given)
command = [part.replace("{{$}}", text) for part in task["command"] + task["args"]]
status = subprocess.run(command, check=False).returncode
if status:
    sys.exit(status)
for artifact in artifacts("outputs"):
    root = local(artifact["uri"])
    for file in [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file()):
        bucket, key = bucket_and_key(str(file).replace("/minio/", "minio://", 1))
        client.upload_file(str(file), bucket, key)
output = Path(given["outputs"]["outputFile"])
print("EXECUTOR OUTPUT", output.read_text() if output.exists() else "{}")
