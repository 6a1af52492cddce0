"""Runs from strangers: one row of the list each, and nothing of them acts on a terminal."""

import json

import pytest
from click.testing import CliRunner
from tests.conftest import ROOT
from tests.store import sample_run
from tests.store.sample_run import write_run

from repro.cli import cli
from repro.core.errors import SchemaError
from repro.core.jsonfile import bound, dump_record, load, load_record
from repro.core.records import Lineage
from repro.store import list_runs, read_run
from repro.store.disk import JSON_LIMIT, read_limited

GOOD, BAD = "20261121-041530-aaaaaa", "20261121-041531-bbbbbb"


def listed(runs, *arguments):
    result = CliRunner().invoke(
        cli, ["runs", "list", "--runs", str(runs), "--project", str(ROOT), *arguments]
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def huge(run):
    with (run / "lineage.json").open("wb") as file:
        file.truncate(6 << 30)


def huge_metrics(run):
    with (run / "metrics.json").open("wb") as file:
        file.truncate(6 << 30)


def many_keys(run):
    text = json.dumps({f"key{i}": i for i in range(80_000)})
    (run / "lineage.json").write_text(text.replace('"key79999"', '"key0"'))


def deep(run):
    (run / "lineage.json").write_text('{"a":' * 100_000 + "1" + "}" * 100_000)


def long_number(run):
    (run / "lineage.json").write_text('{"schema": ' + "9" * 100_000 + "}")


def binary(run):
    (run / "lineage.json").write_bytes(bytes(range(256)) * 100)


def relisted(run, **changes):
    lineage = load_record((run / "lineage.json").read_bytes(), "lineage.json", Lineage)
    lineage = bound(lineage.model_copy(update=changes))
    (run / "lineage.json").write_bytes(dump_record(lineage))


def before_the_calendar(run):
    relisted(run, created="0001-01-01T00:00:00+14:00")


def after_the_calendar(run):
    relisted(run, created="9999-12-31T23:59:59-14:00")


def a_folder(run):
    (run / "lineage.json").unlink()
    (run / "lineage.json").mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        huge,
        huge_metrics,
        many_keys,
        deep,
        long_number,
        binary,
        before_the_calendar,
        after_the_calendar,
        a_folder,
    ],
)
def test_a_damaged_run_is_one_row(runs, damage):
    """The other runs are listed as ever, and nothing large is read."""
    write_run(runs, GOOD)
    damage(write_run(runs, BAD))

    found = {entry.run_id: (entry.summary is None, bool(entry.damage)) for entry in list_runs(runs)}

    assert found == {GOOD: (False, False), BAD: (True, True)}
    assert "tampered" in listed(runs)


OSC = "\x1b]8;;https://example.org\x1b\\click\x1b]8;;\x1b\\"
HOSTILE = [
    OSC,
    "knn\nverdict: identical",
    "\x1b[2J\x1b[Hgone",
    "\x9b31mred",
    "\u202edesrever",
    "\u2066isolated\u2069",
    "a\rb",
    "a b c",
    "a\tb\x07\x08",
    "\x1b[1;32midentical\x1b[0m",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_run_acts_on_a_terminal(runs, monkeypatch, text):
    """Two lines, of characters that print."""
    metrics = sample_run.METRICS.model_copy(update={"model": text})
    contents = sample_run.CONTENTS | {"metrics.json": dump_record(metrics)}
    monkeypatch.setattr(sample_run, "CONTENTS", contents)
    relisted(write_run(runs, GOOD), experiment=text)

    for arguments in ((), ("--json",)):
        shown = listed(runs, *arguments)
        assert [line for line in shown.splitlines() if not line.isprintable()] == []
        if arguments:
            assert json.loads(shown)["runs"][0]["experiment"] == text
        else:
            assert len(shown.split("\n")) == len(("headings", "run", "end"))


@pytest.mark.parametrize("name", ["lineage.json", "metrics.json", "config.json", "stages.json"])
def test_a_file_that_is_too_large_is_named(runs, name):
    """Before it is read: it is said to have six gigabytes."""
    run = write_run(runs, GOOD)
    with (run / name).open("wb") as file:
        file.truncate(6 << 30)

    with pytest.raises(SchemaError, match=f"{name}: larger than 32 MiB"):
        read_run(run)


def test_a_file_of_the_most_is_read(tmp_path):
    """The limit itself is allowed."""
    path = tmp_path / "some.json"
    with path.open("wb") as file:
        file.truncate(JSON_LIMIT)

    assert len(read_limited(path, "some.json")) == JSON_LIMIT


@pytest.mark.parametrize("size", [80_000, 160_000])
def test_many_keys_are_read_in_linear_time(size):
    """A duplicate at the end is found; the square of 160,000 would take hours."""
    pairs = ",".join(f'"k{i}":{i}' for i in range(size))

    assert len(load(f"{{{pairs}}}".encode(), "f")) == size
    with pytest.raises(SchemaError, match=f"duplicate key 'k{size - 1}'"):
        load(f'{{{pairs},"k{size - 1}":1}}'.encode(), "f")


@pytest.mark.parametrize("value", ["[],", "{},", "1.5,", '"a",', "[[[],{}],1],"])
def test_more_values_than_any_record_has_are_not_parsed(value, monkeypatch):
    """Parsed, they take a hundred times the size of the file; a few fewer are read."""
    many = f'{{"a": [{value * 1_300_000}0]}}'.encode()
    monkeypatch.setattr("repro.core.jsonfile.json.loads", pytest.fail)

    with pytest.raises(SchemaError, match="f: more than 1200000 values, the limit for a JSON"):
        load(many, "f")


def test_text_is_no_value():
    """What counts is what the file holds, not how long it is."""
    assert load(f'{{"a": "{"a;" * 700_000}"}}'.encode(), "f") == {"a": "a;" * 700_000}


def test_too_many_problems_are_counted_and_not_collected():
    """Each takes memory, of a file that has a million."""
    pairs = ",".join(f'"k{i}":{i}' for i in range(100_001))

    with pytest.raises(SchemaError, match=r"^f: 1000\d\d fields are not as declared$"):
        load_record(f'{{"schema": "repro.lineage/v1", {pairs}}}'.encode(), "f", Lineage)


def test_many_unknown_keys_are_a_few_lines():
    """Nobody reads eighty thousand."""
    pairs = ",".join(f'"k{i}":{i}' for i in range(80_000))

    with pytest.raises(SchemaError) as caught:
        load_record(f'{{"schema": "repro.lineage/v1", {pairs}}}'.encode(), "f", Lineage)

    assert len(caught.value.message.splitlines()) < 50
