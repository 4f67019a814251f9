"""`acecoder schema`: the fields of a record, as JSON Schema."""

from __future__ import annotations

import argparse
import sys

HELP = "print the JSON Schema of a record: seed, problem, program, verdict, pair or score"
RECORDS = ("seed", "problem", "program", "verdict", "pair", "score")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("record", choices=RECORDS, help="which record")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    import json

    from acecoder import schema

    record = getattr(schema, options.record.capitalize())
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **record.model_json_schema(),
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0
