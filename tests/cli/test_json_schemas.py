"""Every command that prints JSON names a schema, which ``repro config schema`` exports."""

from __future__ import annotations

import hashlib
import re
import shutil

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Project, command
from tests.schemas import SCHEMA, kind_of_valid

from repro.app.answers import DataVerification, DiagnosisAnswer, RunsAnswer, Status
from repro.app.schemas import KINDS, schema_of
from repro.cli import cli

RUN = "latest run"
RECORDED = "latest run of a command"
SCRIPT = ("--", "-c", "from sklearn.metrics import r2_score; r2_score([1, 2], [1, 2])")
CELLS = 'schema: repro.matrix/v1\ncells:\n  one: {runner: ubuntu-24.04, python: "3.13"}\n'
QUICK = ("-p", "debug", "-m", "knn")
FLOWERS = """  flowers:
    description: flowers
    source: {{kind: file, path: data/flowers.csv, format: csv}}
    sha256: "{sha256}"
    target: kind
    positive: null
    columns: {{numeric: [a, b], categorical: [], ignored: []}}
    missing: []
    licence: MIT
    origin: made up
    targets: {{bred: {{task: binary, positive: "yes"}}}}
"""
EXPERIMENT = """schema: repro.experiment/v1
description: Kinds of flowers, and which of them were bred.
task: multiclass
dataset: flowers
families: [knn]
selection: {metric: accuracy}
"""
# Each command with the statuses that are no error, and arguments for each form of its output.
CASES = {
    "record": ({0}, [("--level", "seeded", "--json", *SCRIPT)]),
    "verify": ({0}, [(RUN, "--integrity"), ("--all", "--integrity")]),
    "sweep": ({0}, [("wine", "-p", "debug", "-s", "families=[knn]", "--seeds", "7")]),
    "train": (
        {0, 1},
        [("wine", *QUICK, "--seed", "7"), ("flowers", *QUICK, "--target", "all")],
    ),
    "compare": ({0}, [(RUN, RUN), (RUN, RUN, "--gate", "accuracy no-worse 0")]),
    "runs list": ({0}, [()]),
    "runs show": ({0}, [(RUN,), (RECORDED,)]),
    "runs groups": ({0, 1}, [(), ("--stability",)]),
    "config show": ({0}, [(), ("wine",), ("--origins", "--seed", "7")]),
    "config diff": ({0, 1}, [("credit", "credit"), ("credit", "wine"), ("wine", RUN)]),
    "data list": ({0}, [()]),
    "data verify": ({0, 3}, [(), ("wine",)]),
    "data hash": ({0}, [("credit",), ("data/credit.csv",)]),
    "init": (
        {0},
        [("new", "--data", "data/credit.csv", "--target", "Status", "--positive", "bad")],
    ),
    "predict": ({0}, [(RUN, "data/credit.csv"), (RUN, "data/credit.csv", "-o", "rows.csv")]),
    "drift": ({0}, [(RUN, "data/credit.csv")]),
    "matrix": ({0, 3}, [("--list",), ("--cell", "one")]),
    "lint": ({1}, [("train.py",)]),
    "env show": ({0}, [()]),
    "env fingerprint": ({0, 1}, [(), ("--kernels", "--expect", "0123456789ab")]),
    "doctor": ({0, 1}, [()]),
}

# These train many times, and so do their own tests, which validate the output too.
ELSEWHERE = {"explain", "noise"}


def with_json(group, words=()):
    """Yield every command below a group that has the option, by its words, with the help of it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from with_json(found, (*words, name))
        for option in found.params:
            if "--json" in option.opts:
                yield " ".join((*words, name)), option.help


PRINTING = dict(with_json(cli))


@pytest.fixture(scope="module")
def place(trained, tmp_path_factory):
    """A project with a run, a run of a command and a matrix, and the names of the two runs."""
    original, run = trained
    project = Project(tmp_path_factory.mktemp("json") / "project")
    shutil.copytree(original.path, project.path)
    project.write("matrix.yaml", CELLS)
    project.write("train.py", "SEED = 42\n")
    declare_flowers(project)
    done = recorded(project, ("--name", "command", *SCRIPT))
    assert done.status == 0, done.err
    [command_run] = {path.name for path in project.path.glob("runs/*")} - {run.name}
    return project, {RUN: run.name, RECORDED: command_run}


def declare_flowers(project):
    """Declare a small table with two targets, and an experiment for it."""
    lines = [f"{n % 7},{n % 11},{'xyz'[n % 3]},{('no', 'yes')[n % 2]}" for n in range(120)]
    text = "\n".join(["a,b,kind,bred", *lines, ""])
    path = project.write("data/flowers.csv", text)
    registry = project.path / "configs" / "datasets.yaml"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    registry.write_text(registry.read_text() + FLOWERS.format(sha256=sha256))
    project.write("configs/experiments/flowers.yaml", EXPERIMENT)


def test_the_commands_are_found():
    """By their words, in groups too."""
    assert {"train", "runs list", "data verify", "env fingerprint", "matrix"} <= PRINTING.keys()


@pytest.mark.parametrize("words", sorted(PRINTING))
def test_every_command_that_prints_json_names_its_schemas_in_its_help(words):
    """A new command without a schema fails, and so does one whose schema is not exported."""
    named = SCHEMA.findall(PRINTING[words])

    assert named != []
    assert set(named) <= set(KINDS)


@pytest.mark.parametrize("words", sorted(PRINTING.keys() - ELSEWHERE))
def test_what_a_command_prints_fits_the_schema_that_it_names(place, words):
    """And between them its forms print every schema that the help names."""
    statuses, forms = CASES[words]
    printed, names = set(), set()
    for arguments in forms:
        result = printed_by(place, words.split(), arguments)
        assert result.status in statuses, result.err
        assert next(iter(result.json)) == "schema"
        printed.add(kind_of_valid(result.json))
        names.add(result.json["schema"])

    assert printed == set(SCHEMA.findall(PRINTING[words]))
    assert names == set(re.findall(r"repro\.[a-z-]+/v\d+", PRINTING[words]))


def recorded(project, arguments):
    """Record a command, and note it for nobody."""
    state = {"XDG_STATE_HOME": str(project.path.parent / "state")}
    return command("-m", "repro", "record", *arguments, cwd=project.path, env=state)


def printed_by(place, words, arguments):
    project, runs = place
    arguments = [runs.get(argument, argument) for argument in arguments]
    if words == ["record"]:  # which takes all that follows for the command
        return recorded(project, arguments)
    if words in (["env", "fingerprint"], ["init"], ["lint"]):  # which need no project
        return command("-m", "repro", *words, *arguments, "--json", cwd=project.path)
    return project.repro(*words, *arguments, "--json")


@pytest.mark.parametrize("kind", sorted(SCHEMA.findall(" ".join(PRINTING.values()))))
def test_a_schema_of_output_requires_its_name_and_refuses_other_keys(kind):
    """So that a program can rely on it."""
    schema = schema_of(kind)

    assert schema["properties"]["schema"]["const"].startswith(f"repro.{kind}/v")
    assert "schema" in schema["required"]
    assert schema["additionalProperties"] is False


@given(name=st.text(st.characters(codec=None, exclude_categories=()), max_size=20))
def test_names_of_files_that_are_no_text_do_not_stop_the_output(name):
    """They are bytes that JSON cannot have; every other name is printed as it is."""
    shown = name.encode("utf-8", "replace").decode()
    check = {"name": "python", "status": Status.OK, "found": name, "why": "", "advice": ""}
    diagnosis = DiagnosisAnswer.model_validate(
        {"schema": "repro.diagnosis/v2", "level": "strict", "holds": True, "checks": (check,)}
    )
    listed = RunsAnswer.model_validate(
        {"schema": "repro.runs/v1", "runs": ({"run_id": name, "damage": name},)}
    )
    verified = {"dataset": "d", "name": "readable", "outcome": "fails", "text": name}
    data = DataVerification.model_validate(
        {"schema": "repro.data-verification/v1", "holds": False, "checks": (verified,)}
    )

    assert diagnosis.checks[0].found == shown
    assert (listed.runs[0].run_id, listed.runs[0].damage) == (shown, shown)
    assert data.checks[0].text == shown
