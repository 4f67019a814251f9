"""What the fields of a table are: the JSON Schema of a record, for editors and validators."""

import json

import acecoder

schema = acecoder.Problem.model_json_schema()
print(
    json.dumps(
        {name: field.get("description", "") for name, field in schema["properties"].items()},
        indent=1,
    )
)
