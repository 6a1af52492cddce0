"""Well-formed files to begin from, small ones: each is read thousands of times."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from repro.app.subjects.records import sampled
from repro.config.verification import Sample
from repro.core.jsonfile import dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from tests.conftest import ROOT
from tests.forging import altered

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = Sample(size=8, boundary=4)
RECORDS = {
    "record": ROOT / "reference" / "credit.json",
    "record_v1": ROOT / "tests" / "data" / "record_v1.json",
    "record_v2": ROOT / "tests" / "data" / "record_v2.json",
}


def small_record(path: Path) -> bytes:
    """Return a record with few predictions, which its own configuration says are enough."""
    record = load_record(path.read_bytes(), path.name, RunRecord, RecordFile)
    config = json.loads(json.dumps(record.config))
    config["verification"]["sample"] = SAMPLE.model_dump()
    return dump_record(sampled(altered(record, config=config), SAMPLE))
