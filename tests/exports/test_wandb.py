"""`repro export wandb`: read back by the reader of Weights & Biases."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import command
from tests.exports.servers import program

pytestmark = pytest.mark.scripts
READER = Path(__file__).parent / "read_wandb.py"


def records(folder: Path) -> dict[str, list[dict]]:
    """Return what wandb's own reader finds in an offline run, by kind."""
    (store,) = folder.glob("*.wandb")
    python = Path(program("dvc")).parent / "python"
    words = [str(python), "-W", "ignore", str(READER), str(store)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict]] = {}
    for record in json.loads(done.stdout):
        for kind, value in record.items():
            found.setdefault(kind, []).append(value)
    return found


def items(record: dict, key: str) -> dict[str, object]:
    return {
        ".".join(each.get("nested_key") or [each["key"]]): json.loads(each["value_json"])
        for each in record[key]
    }


def export(run: Path, to: Path, *options: str, **env: str) -> Path:
    words = ("-m", "repro", "export", "wandb", run, "--to", to, *options)
    done = command(*words, cwd=to.parent, env=env or None)
    assert (done.status, done.err) == (0, "")
    return to.parent / done.out.partition(": ")[0]


def test_a_run_is_read_back_by_wandb(trained, tmp_path):
    """Whatever the user's variables say, nothing is sent, and nothing of the machine is in it."""
    _, run = trained
    folder = export(run, tmp_path / "out", WANDB_MODE="online", WANDB_PROJECT="elsewhere")
    found = records(folder)
    record = json.loads((run / "record.json").read_bytes())
    config = json.loads((run / "config.json").read_bytes())
    lineage = json.loads((run / "lineage.json").read_bytes())

    (made,) = found["run"]
    assert (made["project"], made["display_name"]) == ("credit", run.name)
    assert made["tags"] == ["portable"]
    assert made["notes"] == config["description"]
    assert made.get("host", "") == ""
    kept = items(made["config"], "update")
    assert {k: kept[k] for k in config if k != "execution"} == {
        k: v for k, v in config.items() if k != "execution"
    }
    assert kept["repro"]["digest"] == record["digest"]
    assert kept["repro"]["strict_key"] == record["identity"]["strict_key"]
    history = items(found["history"][0], "item")
    numbers = {name: value for name, value in history.items() if not name.startswith("_")}
    assert numbers == record["evidence"]["numbers"]
    saved = [file["path"] for each in found["files"] for file in each["files"]]
    assert sorted(saved) == sorted(f"run/{name}" for name in [*lineage["files"], "lineage.json"])
    for name, entry in lineage["files"].items():
        content = (folder / "files" / "run" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_the_same_run_is_written_once(trained, tmp_path):
    """Unless a second one is asked for, which has an id of its own."""
    _, run = trained
    to = tmp_path / "out"
    first, again = export(run, to), export(run, to)
    second = export(run, to, "--again", "--wandb-project", "mine")

    assert first == again != second
    assert records(second)["run"][0]["project"] == "mine"
    ids = [records(each)["run"][0]["run_id"] for each in (first, second)]
    assert ids[0] != ids[1]


def test_a_damaged_run_is_not_exported(copied, tmp_path):
    """And leaves nothing."""
    _, run = copied
    (run / "metrics.json").write_bytes(b"{}")
    done = command("-m", "repro", "export", "wandb", run, "--to", tmp_path / "out")

    assert done.status == 3
    assert "tampered or damaged" in done.err
    assert not (tmp_path / "out").exists()
