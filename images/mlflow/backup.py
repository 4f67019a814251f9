"""Put a database dump into the object store under the time it was made; keep the last 14."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3

KEPT = 14


def main() -> None:
    bucket, _, prefix = os.environ["BACKUP_TO"].removeprefix("s3://").partition("/")
    client = boto3.client("s3", endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL"))
    name = f"{prefix}/mlflow-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
    client.upload_file(sys.argv[1], bucket, name)
    print(f"wrote s3://{bucket}/{name}, {Path(sys.argv[1]).stat().st_size} bytes")
    found = client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/mlflow-").get("Contents", [])
    for old in sorted(item["Key"] for item in found)[:-KEPT]:
        client.delete_object(Bucket=bucket, Key=old)
        print(f"removed s3://{bucket}/{old}")


main()
