"""Many runs are listed and grouped by an index that decides nothing."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from repro.app.runs import groups, list_runs
from repro.store import disk, index, lineage


@pytest.fixture
def many(trained, tmp_path, monkeypatch):
    """Three runs, of which one index is kept: they are alike, but for their names."""
    monkeypatch.setattr(index, "_FEWEST", 2)
    monkeypatch.setattr(index, "_SETTLED", 0)
    _, run = trained
    for number in range(3):
        shutil.copytree(run, tmp_path / "runs" / f"20260101-00000{number}-abcdef")
    return tmp_path / "runs"


def parsed(runs):
    return json.loads((runs / index.INDEX).read_bytes().partition(b"\n")[2])


def lines_without(runs):
    """What a list has without an index."""
    (runs / index.INDEX).unlink(missing_ok=True)
    return list_runs(runs)


def test_the_index_changes_nothing(many):
    """Lines and groups are those that reading every run gives, and nothing is read again."""
    first, grouped = list_runs(many), groups(many)
    before = (many / index.INDEX).stat().st_mtime_ns

    assert list_runs(many) == first == lines_without(many)
    assert groups(many) == grouped
    assert grouped.groups[0].runs == 3
    assert [line.run_id for line in first] == sorted(
        (r.name for r in many.glob("2*")), reverse=True
    )
    list_runs(many)
    assert (many / index.INDEX).stat().st_mtime_ns > before
    kept = parsed(many)
    kept["runs"][first[0].run_id][1]["name"] = "from the index"
    content = json.dumps(kept).encode()
    digest = hashlib.sha256(content).hexdigest().encode()
    (many / index.INDEX).write_bytes(digest + b"\n" + content)
    assert list_runs(many)[0].name == "from the index"


def test_a_changed_file_is_read_again(many):
    """Of the same size, with its old time of modification."""
    list_runs(many)
    file = next(many.glob("2*")) / "metrics.json"
    known = file.stat()
    content = file.read_bytes()
    changed = content.replace(b"accuracy", b"accurac!", 1)
    assert len(changed) == len(content)
    assert changed != content
    file.write_bytes(changed)
    os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))

    damaged = [line for line in list_runs(many) if line.damage]

    assert [line.run_id for line in damaged] == [file.parent.name]
    assert damaged == [line for line in lines_without(many) if line.damage]
    file.write_bytes(content)
    assert not any(line.damage for line in list_runs(many))
    shutil.rmtree(file.parent)
    assert len(list_runs(many)) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"form": [1, "0"], "runs": {}}', b'{"form": 1}', b"\xff", b"[" * 9999],
)
def test_a_damaged_index_is_made_again(many, content):
    """It may hold anything."""
    expected = list_runs(many)
    (many / index.INDEX).write_bytes(content)

    assert list_runs(many) == expected
    assert parsed(many)["runs"].keys() == {line.run_id for line in expected}


def test_a_flipped_byte_changes_no_list(many):
    """In whatever place, of a name, a number or a key."""
    expected, grouped = list_runs(many), groups(many)
    content = (many / index.INDEX).read_bytes()
    for place in range(0, len(content), len(content) // 97):
        damaged = bytearray(content)
        damaged[place] ^= 1
        (many / index.INDEX).write_bytes(damaged)
        assert list_runs(many) == expected
        (many / index.INDEX).write_bytes(damaged)
        assert groups(many) == grouped


def test_what_was_just_written_is_not_kept_yet(many, monkeypatch):
    """A second change within the step of a file's times would not be seen."""
    monkeypatch.setattr(index, "_SETTLED", 3600 * 10**9)
    list_runs(many)

    assert not (many / index.INDEX).exists()


def test_a_few_runs_leave_nothing_beside_them(copied):
    project, run = copied
    time.sleep(0.01)
    project.repro("runs", "list")

    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_patterns_and_a_number_choose_what_is_listed(many, copied):
    """By experiment, by model, and the newest first."""
    project, _run = copied
    model = list_runs(many)[0].model
    everything = ("runs", "list", "--runs", many)

    assert len(project.repro(*everything, "--json").json["runs"]) == 3
    newest = project.repro(*everything, "--last", "1", "--json").json["runs"]
    assert [each["run_id"] for each in newest] == ["20260101-000002-abcdef"]
    assert "no such runs" in project.repro(*everything, "--name", "w*").out
    chosen = project.repro(*everything, "--name", "cred*", "-m", model).out
    assert len(chosen.splitlines()) == 4
    assert "no such runs" in project.repro(*everything, "-m", "nothing").out


def test_a_list_from_the_index_loads_no_models(many):
    """A run that is not in it is read, and its models are loaded then."""
    code = (
        "import sys; from pathlib import Path; from repro.store import index\n"
        "index._FEWEST, index._SETTLED = 2, 0\n"
        "from repro.app.runs import list_runs\n"
        "print(len(list_runs(Path(sys.argv[1]))), 'pydantic' in sys.modules)"
    )
    asked = [sys.executable, "-c", code, str(many)]
    told = [
        subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]

    assert told == [["3", "True"], ["3", "False"]]


def test_a_list_opens_each_file_of_a_run_once(many, monkeypatch):
    """However many parts of the line it is needed for."""
    opened = []
    read = disk.read_limited

    def noted(path, *args):
        """Note what is read."""
        opened.append((path.parent.name, path.name))
        return read(path, *args)

    monkeypatch.setattr(lineage, "read_limited", noted)
    list_runs(many)

    assert len(opened) == len(set(opened)) == 3 * 5
