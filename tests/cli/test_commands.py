"""The commands that serve the three verbs."""

import json
import os
import shutil
import subprocess
import sys

import click
import jsonschema
import pytest
import yaml
from tests.conftest import ROOT, command

from repro.app.schemas import KINDS, schema_of
from repro.cli import COMMANDS, cli
from repro.config.tree import nested
from repro.config.yaml import read_leaves


def test_help_is_answered_without_numpy_or_pydantic():
    """The command line starts at once."""
    code = (
        "import sys, repro.cli; repro.cli.run(['--help']);"
        "print([m for m in ('numpy', 'pydantic', 'yaml', 'rich', 'jinja2') if m in sys.modules])"
    )

    assert command("-c", code).out.endswith("[]\n")


def test_the_list_of_commands_says_what_each_says_of_itself():
    """Help that is known without importing a command is that command's own."""
    with click.Context(cli) as context:
        own = {name: cli.get_command(context, name).get_short_help_str(200) for name in COMMANDS}

    assert own == {name: text for name, (_, text) in COMMANDS.items()}


def test_origins_tell_the_file_and_line_or_the_flag(project):
    """For every value."""
    result = project.repro("config", "show", "--origins", "--seed", "7")

    lines = dict(line.split(" = ", 1) for line in result.out.splitlines())
    assert lines["seed"] == "7  # --seed"
    assert [key for key, text in lines.items() if "  # " not in text] == []
    file, _, number = lines["split.test_size"].partition("  # ")[2].partition(":")
    assert "test_size" in (project.path / file).read_text().splitlines()[int(number) - 1]


def test_the_shown_configuration_is_the_recorded_one(trained):
    """`config show --json` and the run's config.json agree."""
    project, run = trained

    shown = project.repro("config", "show", "--profile", "debug", "--json").json

    assert shown == json.loads((run / "config.json").read_text())


def test_checking_tells_of_each_experiment_whether_it_is_valid(project):
    """Estimators are built too, so that a parameter's name is checked."""
    project.replace("configs/models/ridge.yaml", "alpha: 1.0", "alfa: 1.0")

    result = project.repro("config", "check")

    lines = dict(line.split(": ", 1) for line in result.out.splitlines())
    assert (result.status, lines["wine"]) == (2, "valid")
    assert "Ridge has no parameter 'alfa'; did you mean 'alpha'?" in lines["diabetes"]


def test_configurations_are_compared_value_by_value(trained):
    """An experiment against a run's record."""
    project, run = trained

    result = project.repro("config", "diff", "credit", run, "--json")

    assert (result.status, result.json["differences"]["selection.folds"]) == (1, [5, 2])


PARTIAL = {
    "base": ["configs/base.yaml"],
    "experiment": sorted((ROOT / "configs/experiments").glob("*.yaml")),
    "profile": sorted((ROOT / "configs/profiles").glob("*.yaml")),
    "model": sorted((ROOT / "configs/models").glob("*.yaml")),
    "datasets": ["configs/datasets.yaml"],
}


@pytest.mark.parametrize("kind", PARTIAL)
def test_shipped_files_fit_the_schema_for_editors_and_mistakes_do_not(kind):
    """Editors complain about what the program would refuse."""
    schema = schema_of(kind)
    for path in PARTIAL[kind]:
        jsonschema.validate(json_of(ROOT / path), schema)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json_of(ROOT / PARTIAL[kind][0]) | {"nonsense": 1}, schema)


def json_of(path):
    return nested(read_leaves(path.read_text(), path.name))


def test_the_files_of_a_run_fit_their_schemas(trained):
    """Every JSON file, by the schema that it names."""
    _, run = trained
    for path in run.glob("*.json"):
        value = json.loads(path.read_text())
        kind = value["schema"].removeprefix("repro.").partition("/")[0]

        jsonschema.validate(value, schema_of(kind))


def test_every_kind_of_schema_is_a_valid_schema():
    """And an unknown kind is refused with a suggestion."""
    for kind in KINDS:
        jsonschema.Draft202012Validator.check_schema(schema_of(kind))

    result = command("-m", "repro", "config", "schema", "experimnt")
    assert (result.status, "did you mean 'experiment'?" in result.err) == (2, True)


def test_runs_are_listed_shown_and_grouped(project):
    """Two seeds are one group; each run of a seed has the same bits."""
    first = project.train("wine", "--profile", "debug")
    again = project.train("wine", "--profile", "debug")
    other = project.train("wine", "--profile", "debug", "--seed", "7")

    listed = project.repro("runs", "list", "--json").json["runs"]
    group = project.repro("runs", "groups", "--json").json["groups"][0]
    parted = project.repro("compare", first.name, again.name, other.name)

    assert [entry["run_id"] for entry in listed] == [other.name, again.name, first.name]
    assert (group["runs"], group["seeds"], group["reproduced"]) == (3, [7, 42], True)
    values = [entry["metrics"]["test"]["accuracy"]["value"] for entry in (listed[0], listed[2])]
    assert group["metrics"]["accuracy"]["mean"] == pytest.approx(sum(values) / 2)
    assert (parted.status, "seed differs: reference 42, this run 7" in parted.out) == (1, True)
    assert "# wine" in project.repro("runs", "show", first.name).out
    assert "within its interval" in project.repro("runs", "groups").out


def test_pruning_keeps_the_newest_and_says_first_what_it_would_remove(project):
    """A dry run removes nothing."""
    runs = [project.train("wine", "--profile", "debug") for _ in range(3)]

    dry = project.repro("runs", "prune", "--keep", "1", "--dry-run")
    before = [run.exists() for run in runs]
    project.repro("runs", "prune", "--keep", "1")

    assert (dry.out.count("would remove"), before) == (2, [True] * 3)
    assert [run.exists() for run in runs] == [False, False, True]


def test_drift_of_the_training_data_is_none_and_of_moved_data_an_alarm(trained, tmp_path):
    """PSI for every feature; the target may be left out."""
    project, run = trained
    lines = (project.path / "data/credit.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines]
    moved = tmp_path / "moved.csv"
    age = rows[0].index("Age")
    for row in rows[1:]:
        row[age] = str(int(row[age]) + 20)
    moved.write_text("".join(",".join(row[1:]) + "\n" for row in rows))

    still = project.repro("drift", run, project.path / "data/credit.csv", "--json")
    found = project.repro("drift", run, moved, "--json")

    levels = {feature["feature"]: feature["level"] for feature in found.json["features"]}
    assert {feature["level"] for feature in still.json["features"]} == {"stable"}
    assert (still.status, found.status) == (0, 1)
    assert [name for name, level in levels.items() if level == "alarm"] == ["Age"]


def test_a_data_set_is_added_verified_and_trained_on(project):
    """From a file to an experiment."""
    table = "x,colour,y\n" + "".join(f"{i}.5,{'rg'[i % 2]},{'ab'[i % 3 == 0]}\n" for i in range(60))
    project.write("data/mine.csv", table)
    facts = ("--licence", "MIT", "--origin", "made here", "--description", "Mine.")
    asked = ("--target", "y", "--positive", "b", *facts)
    added = project.repro("data", "add", "mine", project.path / "data/mine.csv", *asked)
    project.write(
        "configs/experiments/mine.yaml",
        "schema: repro.experiment/v1\ndescription: Mine.\ntask: binary\ndataset: mine\n"
        "families: [decision_tree]\nselection: {metric: accuracy, folds: 2}\n",
    )

    verified = project.repro("data", "verify", "mine")
    run = project.train("mine")

    assert (added.status, verified.status) == (0, 0), added.err + verified.err
    assert json.loads((run / "config.json").read_text())["dataset"]["columns"]["categorical"] == [
        "colour"
    ]


def test_every_registered_data_set_is_what_it_is_declared_to_be(project):
    """And a changed one is a finding."""
    intact = project.repro("data", "verify", "--json")
    project.replace("data/credit.csv", "good,9", "good,8")
    changed = project.repro("data", "verify", "credit")

    assert (intact.status, {check["outcome"] for check in intact.json["checks"]}) == (0, {"holds"})
    assert (changed.status, "expected sha256" in changed.out) == (1, True)


def test_the_saved_model_scores_and_decides_as_the_run_did(trained):
    """On the table as pandas reads it: the recorded scores, and labels by the learned threshold."""
    project, run = trained
    code = f"""
import csv, joblib, pathlib
import pandas as pd
run = pathlib.Path({str(run)!r})
rows = pd.read_csv({str(project.path / "data/credit.csv")!r})
model = joblib.load(run / "model.joblib")
held = list(csv.DictReader((run / "predictions.csv").open()))
picked = rows.iloc[[int(row["row"]) for row in held]]
bad = list(model.classes_).index("bad")
found = model.predict_proba(picked)[:, bad].tolist()
key = next(name for name in held[0] if name.startswith("score"))
worst = max(abs(a - float(row[key])) for a, row in zip(found, held))
print(worst < 1e-12, list(model.predict(picked)) == [row["label"] for row in held])
"""

    result = command("-c", code, env={"OMP_NUM_THREADS": "1"})

    assert (result.status, result.out) == (0, "True True\n"), result.err


def test_the_page_of_a_run_loads_nothing_and_escapes_what_it_shows(project):
    """A name in the data is text, never markup."""
    project.replace(
        "configs/experiments/wine.yaml", "Which of", "<script>alert(1)</script> Which of"
    )

    page = (project.train("wine", "--profile", "debug") / "report.html").read_text()

    assert ("<script" in page, "&lt;script&gt;" in page, "://" in page, "src=" in page) == (
        False,
        True,
        False,
        False,
    )


def test_no_colour_and_no_control_codes_where_nobody_looks():
    """Only a terminal gets them."""
    assert "\x1b" not in command("-m", "repro", "--help").out


def test_the_reader_of_a_pipe_may_leave():
    """`repro … | head` ends without a traceback."""
    script = f"{sys.executable} -m repro config show --origins | head -n 1"
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.stderr, done.stdout.count("\n")) == ("", 1)


def test_a_verdict_that_nobody_reads_is_neither_a_pass_nor_a_finding(trained, tmp_path):
    """A damaged run never exits 0 because the reader of its verdict has gone."""
    _, run = trained
    damaged = shutil.copytree(run, tmp_path / "run")
    (damaged / "metrics.json").write_text("{}")
    reader, writer = os.pipe()
    os.close(reader)

    asked = [sys.executable, "-m", "repro", "verify", "--integrity", damaged]
    done = subprocess.run(asked, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)

    assert (done.returncode, "Traceback" in done.stderr) == (141, False), done.stderr


def test_workflow_files_are_strict_yaml_too():
    """The project's own YAML reads the same under YAML 1.1 and 1.2."""
    for path in (ROOT / "configs").rglob("*.yaml"):
        plain = yaml.safe_load(path.read_text().replace("1e-", "1.0e-"))

        assert plain == json_of(path), path


@pytest.mark.skipif(not shutil.which("script"), reason="no program that gives a terminal")
@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_are_left_out_where_they_are_not_wanted(variables):
    """On a terminal too: there they are otherwise."""
    mistaken = [
        subprocess.run(
            ["script", "-qec", f"{sys.executable} -m repro verify nothing", "/dev/null"],
            env={k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "TERM"}} | more,
            cwd=ROOT, capture_output=True, check=False,
        ).stdout
        for more in ({"TERM": "xterm"}, variables)
    ]  # fmt: skip

    assert [b"\x1b[" in text for text in mistaken] == [True, False]


def test_a_closed_stdout_is_no_defect():
    """What nobody wanted to read is lost, and nothing else."""
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m repro config show credit >&-"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "defect" not in done.stderr
