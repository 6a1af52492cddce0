"""`repro export crate`: valid by roc-validator, and read back by rocrate."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import command
from tests.exports.servers import program

pytestmark = pytest.mark.scripts
VALIDATE = Path(__file__).parent / "validate_crate.py"
LICENCE = "https://spdx.org/licenses/CC-BY-4.0"
# Recommendations about people and web pages that a run does not know.
UNKNOWN = ("a url", "absolute URI", "an agent", "`author`", "`publisher`")


def export(run: Path, to: Path, *options: str) -> None:
    done = command("-m", "repro", "export", "crate", run, "-o", to, *options)
    assert (done.status, done.err) == (0, "")


def problems(crate: Path) -> list[list[str]]:
    import rocrate

    context = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
    python = Path(program("rocrate-validator")).parent / "python"
    words = [str(python), "-W", "ignore", str(VALIDATE), str(crate), str(context)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["checks"] > 50
    return found["problems"]


@pytest.mark.parametrize("name", ["crate", "crate.zip"])
def test_a_run_is_a_valid_crate(trained, tmp_path, name):
    """Of Process Run Crate 0.5; its files are intact as a run, and nothing else is there."""
    from rocrate.rocrate import ROCrate

    _, run = trained
    export(run, tmp_path / name, "--licence", LICENCE)
    found = problems(tmp_path / name)
    assert [each for each in found if each[0] == "REQUIRED"] == []
    assert [each for each in found if not any(word in each[2] for word in UNKNOWN)] == []

    crate = ROCrate(tmp_path / name)
    folder = Path(crate.source)
    lineage = json.loads((run / "lineage.json").read_bytes())
    record = json.loads((run / "record.json").read_bytes())
    root = crate.root_dataset
    assert root["conformsTo"].id == "https://w3id.org/ro/wfrun/process/0.5"
    assert root["license"].id == LICENCE
    identity = {each["propertyID"]: each["value"] for each in root["identifier"]}
    assert identity["repro.digest"] == record["digest"]
    assert identity["repro.strict_key"] == record["identity"]["strict_key"]
    files = {each["name"]: each for each in root["hasPart"]}
    assert set(files) == {*lineage["files"], "lineage.json"}
    for file, entry in lineage["files"].items():
        content = (folder / files[file].id).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"] == files[file]["sha256"]
        assert int(files[file]["contentSize"]) == len(content)
    action = root["mentions"]
    given = {each["name"]: each for each in action["object"]}
    assert set(given) == {"credit", "config.json"}
    assert given["credit"]["identifier"] == record["materials"]["data"][0]["content"]
    assert {each["name"] for each in action["result"]} == set(files) - {"config.json"}
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    done = command("-m", "repro", "verify", "--integrity", folder / run.name)
    assert done.status == 0, done.err


def test_a_command_that_failed_is_a_failed_action(tmp_path):
    """With its exit status; its command line has no folders of the machine."""
    from rocrate.rocrate import ROCrate

    (tmp_path / "s.py").write_text("import sys\nsys.exit(4)\n")
    command("-m", "repro", "record", "--", "python", tmp_path / "s.py", cwd=tmp_path)
    (run,) = (tmp_path / "runs").iterdir()
    export(run, tmp_path / "crate")
    assert [each for each in problems(tmp_path / "crate") if each[0] == "REQUIRED"] == []
    action = ROCrate(tmp_path / "crate").root_dataset["mentions"]

    assert action["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert action["error"] == "exit status 4"
    assert action["description"] == "python s.py"


def test_nothing_is_overwritten(trained, tmp_path):
    _, run = trained
    (tmp_path / "crate").mkdir()
    done = command("-m", "repro", "export", "crate", run, "-o", tmp_path / "crate")

    assert done.status == 2
    assert "exists: it is not overwritten" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["crate"]
