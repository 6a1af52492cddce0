"""Write a Croissant file of a table by mlcroissant, and print the records as it reads them."""

import hashlib
import json
import sys
from pathlib import Path

import mlcroissant as mlc

TYPES = {"age": mlc.DataType.FLOAT, "city": mlc.DataType.TEXT, "bad": mlc.DataType.TEXT}

table, fields = Path(sys.argv[1]), json.loads(sys.argv[2])
distribution = [
    mlc.FileObject(
        id="table", name="table", content_url=table.name, encoding_formats=["text/csv"],
        sha256=hashlib.sha256(table.read_bytes()).hexdigest(),
    )
]  # fmt: skip
described = [
    mlc.Field(
        id=f"people/{name}", name=name, data_types=TYPES[name],
        source=mlc.Source(file_object="table", extract=mlc.Extract(column=column)),
    )
    for name, column in fields.items()
]  # fmt: skip
metadata = mlc.Metadata(
    name="people", description="People.", license=["MIT"], url="https://example.org",
    distribution=distribution,
    record_sets=[mlc.RecordSet(id="people", name="people", fields=described)],
)  # fmt: skip
file = table.with_name("croissant.json")
file.write_text(json.dumps(metadata.to_json(), default=str))
records = mlc.Dataset(jsonld=str(file)).records("people")
shown = [
    {
        key.rpartition("/")[2]: value.decode() if isinstance(value, bytes) else value
        for key, value in record.items()
    }
    for record in records
]
print(json.dumps(shown))
