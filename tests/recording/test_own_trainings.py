"""Scripts that call this package themselves."""

from __future__ import annotations

import json
import sys

from repro.api import children
from repro.execution.recording import traces
from tests.conftest import make_project


def test_a_script_that_trains_by_this_package_gets_one_remark(tmp_path):
    """Not one for each file of the project, which this package finds by an absolute path."""
    assert children.MODULE == traces._MODULE
    project = make_project(tmp_path / "project")
    project.write("own.txt", "1")
    project.write(
        "train.py",
        "import os\nimport repro\nopen(os.path.abspath('own.txt')).read()\n"
        "print(repro.train('wine', profile='debug', models=['decision_tree']).run_id)\n",
    )
    done = project.repro("record", "--json", "--", sys.executable, "train.py")

    assert done.status == 0, done.err
    record = json.loads(done.out)
    found = {remark["kind"]: remark["message"] for remark in record["observed"]["remarks"]}
    assert len(found) == len(record["observed"]["remarks"])
    assert found == {
        # The script's own reading is named as ever.
        "absolute path": "own.txt is read by an absolute path, which other machines do not have",
        "not observed": "repro.train or repro.verify works in a process of its own: its steps and"
        " numbers are in the run that it wrote",
    }
    assert "configs/base.yaml" in {each["name"] for each in record["materials"]["data"]}
