"""Where a released model came from, as an in-toto statement (SLSA provenance v1), signed where a key is
given.

Signed statements are DSSE envelopes (https://github.com/secure-systems-lab/dsse) with Ed25519:
`openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out public.pem`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acecoder.errors import InputError
from acecoder.promotion.lineage import Link
from acecoder.promotion.release import Release

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "https://github.com/acecoder-on-kubernetes/acecoder/run/v1"
PAYLOAD = "application/vnd.in-toto+json"


def statement(release: Release, links: Sequence[Link], gate: object) -> dict[str, Any]:
    """Every file of the release as a subject; the steps it came from as dependencies."""
    dependencies = [
        {"name": f"{link.step.step}/{name}", "digest": {"sha256": digest}}
        for link in links
        for name, digest, _ in link.reads
    ]
    steps = [{"step": link.step.step, "stageKey": link.step.stage_key} for link in links]
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": f"{release.served_name}/{name}", "digest": {"sha256": sha256}}
            for name, sha256 in sorted(release.files.items())
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {"runKey": release.run_key, "rendering": release.rendering},
                "internalParameters": {"steps": steps, "gate": gate},
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": "https://github.com/acecoder-on-kubernetes/acecoder"},
                "metadata": {"invocationId": release.run_key},
            },
        },
    }


def envelope(stated: dict[str, Any], key_file: Path) -> dict[str, Any]:
    """The statement, signed. Raises InputError where the key is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    payload = json.dumps(stated, sort_keys=True).encode()
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"no private key: {error}", where=str(key_file)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("not an Ed25519 key", where=str(key_file))
    signature = key.sign(_encoded(payload))
    return {
        "payloadType": PAYLOAD,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": _key_id(key.public_key()), "sig": base64.b64encode(signature).decode()}
        ],
    }


def verified(text: str, public_key_file: Path, release: Release) -> dict[str, Any]:
    """The statement in a signed envelope, which must be of this release. Raises InputError."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    where = release.served_name
    try:
        key = load_pem_public_key(public_key_file.read_bytes())
        signed = json.loads(text)
        payload = base64.b64decode(signed["payload"])
        signatures = [base64.b64decode(each["sig"]) for each in signed["signatures"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a signed statement: {error}", where=where) from None
    if not isinstance(key, Ed25519PublicKey) or signed.get("payloadType") != PAYLOAD:
        raise InputError("not a statement signed with an Ed25519 key", where=where)
    for signature in signatures:
        try:
            key.verify(signature, _encoded(payload))
            break
        except InvalidSignature:
            continue
    else:
        raise InputError("no signature of this key", where=where, remedy="is it the right key?")
    stated: dict[str, Any] = json.loads(payload)
    subjects = {each["name"]: each["digest"]["sha256"] for each in stated["subject"]}
    wanted = {f"{release.served_name}/{name}": sha256 for name, sha256 in release.files.items()}
    if subjects != wanted:
        raise InputError("the statement is of other files than the release", where=where)
    return stated


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _key_id(public_key: Any) -> str:
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()
