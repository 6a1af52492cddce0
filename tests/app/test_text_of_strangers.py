"""What a record holds cannot move the cursor of a terminal, in whatever form it is compared."""

import json

import pytest
from tests.conftest import ROOT
from tests.forging import altered

from repro.cli import run
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record_v1 import RecordFile

RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)
# A colour, a link, a cursor, a reversal, and the one-character forms of such sequences.
TEXTS = ("\x1b[31m", "\x1b]8;;http://example.org\x07a", "\r", "\u202e", "\x9b31m", "\x85", "\u2028")


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit"])
@pytest.mark.parametrize("text", TEXTS)
def test_no_form_of_a_comparison_lets_it_through(text, form, tmp_path, capsys):
    """JSON has an escape that means the same."""
    models = {**RECORD.config["models"], f"a{text}b": RECORD.config["models"]["knn"]}
    platform = RECORD.environment.platform.model_copy(update={"libc_version": f"2{text}"})
    environment = RECORD.environment.model_copy(update={"platform": platform})
    config = RECORD.config | {"models": models}
    other = bound(altered(RECORD, config=config, environment=environment))
    file = tmp_path / "other.json"
    file.write_bytes(dump_record(other))

    status = run(["compare", str(ROOT / "reference" / "credit.json"), str(file), "--format", form])

    shown = capsys.readouterr().out
    assert status == 1
    assert all(c.isprintable() or c == "\n" for c in shown)
    if form == "json":
        environment = json.loads(shown)["candidates"][0]["comparison"]["environment"]
        assert environment["platform.libc_version"][1] == f"2{text}"
