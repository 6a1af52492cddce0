"""An estimator that tries to reach a network can in one's own training, and not in re-execution."""

from __future__ import annotations

import json
import shutil

import pytest
from tests import listening, reaching
from tests.conftest import Project, make_project

from repro.launch import isolation_of_children

pytestmark = pytest.mark.skipif(
    isolation_of_children().mechanism == "", reason=isolation_of_children().reason or "isolated"
)
# Once in every process: what came of it is in a file beside the project's runs.
CALLING = """
import json, os
from pathlib import Path
from sklearn.naive_bayes import GaussianNB
import reaching

DONE = []

class Calling(GaussianNB):
    def fit(self, X, y):
        if not DONE:
            DONE.append(True)
            ports = map(int, os.environ["PORTS"].split())
            file = Path(os.environ["SAID"]) / f"{os.getpid()}.json"
            file.write_text(json.dumps(reaching.attempted(*ports)))
        return super().fit(X, y)
"""
WAYS = {
    "verify": ("verify", "-q", "--json"),
    "verify in workers": ("verify", "-q", "--json", "--workers", "2"),
    "explain": ("explain", "--json"),
}


def calling(path) -> Project:
    project = make_project(path)
    shutil.copy(reaching.__file__, project.path)
    project.write("calling.py", CALLING)
    project.write(
        "configs/models/calling.yaml",
        "schema: repro.model/v1\nestimators: {classification: 'calling:Calling'}\nparams: {}\n",
    )
    project.replace("configs/base.yaml", "lightgbm]", "lightgbm, calling]")
    return project


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """What every process of every command said, what the command did, and who came."""
    base = tmp_path_factory.mktemp("calling")
    project, servers, found = calling(base / "project"), listening.start(), {}

    def ask(way, *arguments):
        said = base / way
        said.mkdir()
        given = {"PORTS": " ".join(servers.ports), "SAID": str(said)}
        done = project.repro(*arguments, env=given)
        assert done.status == 0, done.err
        outcomes = [json.loads(file.read_text()) for file in sorted(said.iterdir())]
        found[way] = done.json, outcomes, servers.visits()

    ask("train", "train", "wine", "-p", "debug", "-m", "calling", "--json")
    for way, arguments in WAYS.items():
        ask(way, *arguments)
    servers.close()
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("attempt", reaching.ATTEMPTS)
def test_what_works_in_training_is_refused_in_re_execution(executed, way, attempt):
    """In the command's own process, in workers, and in the children that it starts."""
    _, (trained,), _ = executed["train"]
    if trained[attempt]:
        pytest.skip(f"cannot be done at all: {trained[attempt]}")
    _, outcomes, _ = executed[way]

    assert outcomes
    assert all("denied" in said[attempt] for said in outcomes)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_comes_and_the_report_says_why(executed, way):
    """The servers listen all the time; training reached them."""
    report, _, came = executed[way]

    assert executed["train"][2] >= 5
    assert came == 0
    assert report["network"] == {"isolated": True, "mechanism": "seccomp", "reason": ""}


def test_the_verdict_is_what_it_would_be(executed):
    """Being shut off changes no bit."""
    assert executed["verify"][0]["comparison"]["verdict"] == "identical"
    assert executed["verify in workers"][0]["comparison"]["verdict"] == "identical"
    assert executed["explain"][0]["explained"]


def test_workers_are_more_than_one_process(executed):
    """Otherwise nothing was shown of them."""
    assert len(executed["verify in workers"][1]) >= 2


def test_this_process_reaches_the_network_still():
    """Asking what children can do, or verifying by the API, shuts nobody off."""
    servers = listening.start()
    reaching.tcp(*map(int, servers.ports))

    assert servers.visits() == 1
    servers.close()


def test_the_report_is_read_without_the_field(trained):
    """A report of before says nothing of it, and neither does one of integrity alone."""
    project, run = trained

    assert "network" not in project.repro("verify", run, "--integrity", "--json").json
