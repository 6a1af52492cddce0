"""The composite action `gate`: its steps are run by bash as a runner runs them."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as Xml
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, inherited, make_project

FOLDER = ROOT / ".github" / "actions" / "gate"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text())
# What a runner gives to `shell: bash`.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
TRAIN = "wine --profile debug --quiet --model"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a shell script")


@dataclass(frozen=True)
class Done:
    """How the steps ended, what they printed, and what they left for the job."""

    status: int
    out: str
    summary: str
    outputs: dict[str, str]


def filled(template, given):
    """Replace the inputs in a value, as a runner does before a step starts."""
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], template)


def act(project, folder, /, **inputs):
    """Run every shell step of the action in a project."""
    folder.mkdir()
    known = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
    given = known | {"repro": f"{sys.executable} -m repro"}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    assert given.keys() == known.keys()
    files = {name: folder / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    environ = inherited() | {name: str(path) for name, path in files.items()}
    environ |= {"GITHUB_ACTION_PATH": str(FOLDER), "RUNNER_TEMP": str(folder)}
    environ.pop("GITHUB_BASE_REF", None)
    status, out = 0, ""
    for path in files.values():
        path.touch()
    for step in (step for step in ACTION["runs"]["steps"] if "run" in step):
        assert step["shell"] == "bash"
        script = folder / "step.sh"
        script.write_text(step["run"])
        more = {name: filled(value, given) for name, value in step["env"].items()}
        done = subprocess.run(
            [*BASH, str(script)], cwd=project.path, env=environ | more, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        status, out = status or done.returncode, out + done.stdout + done.stderr
    lines = files["GITHUB_OUTPUT"].read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    return Done(status, out, files["GITHUB_STEP_SUMMARY"].read_text(), outputs)


def git(project, *words):
    names = {
        f"GIT_{who}_{what}": "a@b.c"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    subprocess.run(
        ["git", *words], cwd=project.path, check=True, capture_output=True, env=os.environ | names
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A repository whose branch `main` has a small tree, and whose files have a linear model."""
    made = make_project(tmp_path_factory.mktemp("action") / "project")
    made.write(
        "configs/models/mine.yaml", MODEL.format("tree:DecisionTreeClassifier", "max_depth: 1")
    )
    made.write(".gitignore", "runs/\n")
    git(made, "init", "-q", "-b", "main")
    git(made, "add", ".")
    git(made, "commit", "-qm", "a base")
    made.write(
        "configs/models/mine.yaml",
        MODEL.format("linear_model:LogisticRegression", "max_iter: 2000"),
    )
    return made


MODEL = """schema: repro.model/v1
estimators: {{classification: "sklearn.{0}"}}
params: {{{1}}}
variants: {{}}
"""


@pytest.fixture(scope="module")
def trained(project, tmp_path_factory):
    """Both sides trained by the action: the base from its commit, the candidate from the files."""
    gates = "roc_auc better\r\n\n  log_loss no-worse 0.01\n"
    folder = tmp_path_factory.mktemp("trained") / "job"
    return act(project, folder, gates=gates, train=f"{TRAIN} mine", base_ref="main")


def runs_of(done):
    """The runs that the action left beside its reports."""
    work = Path(done.outputs["reports"]).parent
    return [str(next((work / side).iterdir())) for side in ("base", "candidate")]


def test_a_base_of_a_commit_and_the_files_as_they_are_are_trained_and_compared(project, trained):
    """The summary of the job has the Markdown, and the reports lie where they are uploaded."""
    reports = Path(trained.outputs["reports"])
    cases = Xml.parse(reports / "gate.xml").getroot()
    left = subprocess.run(
        ["git", "worktree", "list"], cwd=project.path, capture_output=True, text=True, check=True
    )

    assert trained.status == 0, trained.out
    assert "| roc_auc better |" in trained.summary
    assert "| log_loss no-worse 0.01 |" in trained.summary
    assert trained.summary.count("✅ passed") == 2
    assert (reports / "gate.md").read_text(encoding="utf-8") == trained.summary
    assert (cases.get("tests"), cases.get("failures")) == ("2", "0")
    assert len(left.stdout.splitlines()) == 1


def test_runs_that_are_named_are_compared_and_a_gate_that_fails_fails_the_step(
    project, trained, tmp_path
):
    """The other way round; the summary is written all the same."""
    base, candidate = runs_of(trained)
    done = act(
        project,
        tmp_path / "job",
        gates="roc_auc better",
        base=candidate,
        candidate=base,
        level="0.9",
    )

    assert done.status == 1
    assert "❌ failed" in done.summary
    assert "90 % intervals" in done.summary
    names = {path.name for path in Path(done.outputs["reports"]).iterdir()}
    assert names == {"gate.md", "gate.xml"}


@pytest.mark.parametrize(
    ("inputs", "status", "words"),
    [
        ({"gates": " \n"}, 2, "the input gates is empty"),
        ({"gates": "auc better"}, 2, "repro compare ended with status 2"),
        ({"gates": "roc_auc better", "base": "nothing.json"}, 3, "ended with status 3"),
        ({"gates": "roc_auc better", "base": ""}, 2, "set the input base or base-ref"),
        ({"gates": "a better", "base": "", "base_ref": "--help"}, 3, "git knows no commit"),
        ({"gates": "a better", "base": "", "base_ref": "main^9"}, 3, "git knows no commit"),
        ({"gates": "a better", "candidate": "", "train": "no_such"}, 3, "the training in . failed"),
    ],
)
def test_what_cannot_be_asked_fails_and_says_so_in_the_summary(
    project, trained, tmp_path, inputs, status, words
):
    """Never a pass, and never a report of an earlier gate."""
    base, candidate = runs_of(trained)
    done = act(project, tmp_path / "job", **({"base": base, "candidate": candidate} | inputs))

    assert (done.status, done.outputs) == (status, {}), done.out
    assert words in done.summary
    assert "::error::" in done.out


def test_no_input_is_read_as_code(project, trained, tmp_path):
    """Whatever is in it: a runner puts inputs into variables, and the script quotes them."""
    base, candidate = runs_of(trained)
    planted = tmp_path / "planted"
    evil = f'$(touch {planted}) `touch {planted}`; touch {planted} "'
    names = [name for name in ACTION["inputs"] if name not in {"repro", "artifact"}]
    for number, name in enumerate(names):
        given = {"gates": "roc_auc better", "base": base, "candidate": candidate}
        if name == "train":
            given["candidate"] = ""
        if name == "base-ref":
            given["base"] = ""
        done = act(project, tmp_path / str(number), **(given | {name: evil}))
        assert done.status in {2, 3}, (name, done.out)

    assert not planted.exists()


def test_no_expression_stands_in_a_script():
    """Inputs reach a script by its environment alone; the other action is pinned by a digest."""
    steps = ACTION["runs"]["steps"]
    used = set(re.findall(r"inputs\.([\w-]+)", (FOLDER / "action.yml").read_text()))

    assert [step["run"] for step in steps if "run" in step and "${{" in step["run"]] == []
    assert "${{" not in (FOLDER / "gate.sh").read_text()
    assert used == set(ACTION["inputs"])
    pins = [step["uses"] for step in steps if "uses" in step]
    assert [bool(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", pin)) for pin in pins] == [True]
