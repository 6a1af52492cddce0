"""Ray on this machine: the same record, and no process is left."""

from __future__ import annotations

import os

import pytest

from tests import needs
from tests.executors.test_dask import descendants, evidence, run_of, started

pytestmark = [
    pytest.mark.scripts,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]


def test_it_gives_the_bytes_of_one_process(project):
    needs.require("ray")
    words = ("repro", "train", "wine", "-p", "debug", "--json", "--project", project.path)
    alone = evidence(run_of(project, started(*words, cwd=project.path)))
    more = ("--executor", "ray", "--workers", "2")
    process = started(*words, *more, cwd=project.path)

    assert evidence(run_of(project, process)) == alone
    assert descendants(process) == []
