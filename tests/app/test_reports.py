"""Reports of metrics, from files and from git: what is read, and what is refused."""

import json
import subprocess

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT
from tests.schemas import kind_of_valid

import repro
from repro.app.subjects.reported import is_report, read_report
from repro.app.subjects.reported.sources import LARGEST, parse
from repro.cli import run
from repro.core.errors import ConfigError, PreconditionError, ReproError, SchemaError

CREDIT = ROOT / "reference" / "credit.json"
VALUES = {
    name: estimate["value"]
    for name, estimate in json.loads(CREDIT.read_bytes())["metrics"]["test"].items()
}
PAIR = {"accuracy": 0.967, "f1_macro": 0.9666}
FORMS = {
    "flat.json": json.dumps(PAIR),
    "nested.json": json.dumps({"model": "svm", "metrics": PAIR, "rows": 30}),
    "bom.json": "\ufeff" + json.dumps(PAIR),
    "text.json": json.dumps({name: str(value) for name, value in PAIR.items()}),
    "list.json": json.dumps([{"name": name, "value": value} for name, value in PAIR.items()]),
    "rest.json": json.dumps(
        {"metrics": [{"key": name, "value": value, "step": 0} for name, value in PAIR.items()]}
    ),
    "one.json": json.dumps([PAIR]),
    "flat.yaml": yaml.safe_dump(PAIR),
    "nested.yml": yaml.safe_dump({"metrics": PAIR, "seed": 3}),
    "flat.toml": "[metrics]\naccuracy = 0.967\nf1_macro = 0.9666\n",
    "row.csv": pd.DataFrame([PAIR]).to_csv(index=False),
    "pairs.csv": pd.Series(PAIR, name="value").rename_axis("metric").to_csv(),
    "bare.csv": "accuracy,0.967\nf1_macro,0.9666\n",
    "more.csv": "split,Metric,Value,n\ntest,accuracy,0.967,30\ntest,f1_macro,0.9666,30\n",
    "row.tsv": pd.DataFrame([PAIR]).to_csv(index=False, sep="\t"),
    "semicolon.csv": pd.DataFrame([PAIR]).to_csv(index=False, sep=";"),
    "json": json.dumps(PAIR, indent=2),
    "table": pd.DataFrame([PAIR]).to_csv(index=False),
    "lines.txt": "accuracy: 0.967\nf1_macro: 0.9666\n",
}


def numbers(text, name):
    return {".".join(k): n.text for k, n in parse(text.encode(), name).numbers.items()}


def git(folder, *words):
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Metrics at two revisions, in a project that is a folder of the repository."""
    root = tmp_path_factory.mktemp("repository")
    project = root / "project"
    (project / "results").mkdir(parents=True)
    git(root, "init", "-q")
    (root / "secret.json").write_text('{"accuracy": 0.1}')
    for value in (0.8, 0.967):
        (project / "results" / "metrics.json").write_text(json.dumps({"accuracy": value}))
        (project / "metrics.yaml").write_text(f"accuracy: {value}\n")
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", "Metrics")
    git(root, "tag", "v1.0")
    (project / "results" / "metrics.json").write_text("{}")
    return project


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_one_report(name):
    assert numbers(FORMS[name], name) == {"accuracy": "0.967", "f1_macro": "0.9666"}


def test_digits_are_those_of_the_source():
    """No float has been made of them."""
    written = {"a": "0.9670", "b": "1.0e-1", "c": "123456789012345678901234567890"}
    text = ", ".join(f'"{name}": {digits}' for name, digits in written.items())

    assert numbers(f"{{{text}}}", "it.json") == written
    assert numbers(f"{{{text}}}", "it.yaml") == written


def test_rows_that_have_names_name_their_numbers():
    """As a classification report that pandas wrote."""
    table = pd.DataFrame({"f1-score": [0.9, 0.8], "support": [3, 4]}, index=["macro avg", "b"])

    assert numbers(table.to_csv(), "report.csv") == {
        "macro avg.f1-score": "0.9", "macro avg.support": "3", "b.f1-score": "0.8",
        "b.support": "4",
    }  # fmt: skip


def test_a_class_may_be_named_like_a_missing_number():
    table = pd.DataFrame({"f1-score": [0.9, 0.8]}, index=["none", "NA"])

    assert numbers(table.to_csv(), "report.csv") == {"none.f1-score": "0.9", "NA.f1-score": "0.8"}


def test_parameters_are_no_metrics():
    report = {"params": {"depth": 3, "kind": "rbf"}, "metrics": {"accuracy": 0.9}}
    found = parse(json.dumps(report).encode(), "it.json")

    assert (found.parameters, len(found.numbers)) == ({"depth": "3", "kind": "rbf"}, 1)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.json", '{"accuracy": 0.9', r"^a\.json:1: not valid JSON"),
        ("a.json", '{"accuracy": 0.9, "accuracy": 0.1}', "duplicate key 'accuracy'"),
        ("a.json", '{"model": "svm"}', "no number was found"),
        ("a.json", "[" * 100_000, "nested too deeply|recursion"),
        ("a.json", '{"a":' * 30 + "1" + "}" * 30, "more than 16 levels deep"),
        ("a.json", json.dumps(dict.fromkeys(map(str, range(10_001)), 1)), "more than 10000"),
        ("a.json", '{"a": {"x": 1}, "a": {"x": 2}}', "duplicate key 'a'"),
        ("a.json", '[{"name": "f1", "value": 1}, {"name": "f1", "value": 2}]', "two values"),
        ("a.yaml", "a: &x 1\nb: *x\n", "anchors and aliases are not allowed"),
        ("a.yaml", "a: !!python/object/apply:os.system [id]\n", "the tag .* is not allowed"),
        ("a.yaml", "a: 1\na: 2\n", "duplicate key 'a'"),
        ("a.yaml", "a: [1\n", "not valid YAML"),
        ("a.toml", "a = \n", "not valid TOML"),
        ("a.csv", "epoch,loss\n1,0.5\n2,0.4\n", "2 rows of numbers"),
        ("a.csv", 'a,b\n"1,2\n', "not valid CSV"),
        ("a.csv", "metric,value\na,1,2\n", "more cells than the first"),
        ("a.txt", "nothing to see", "no number was found"),
        ("a.txt", "", "no number was found"),
    ],
)
def test_what_is_no_report_is_refused(name, text, sentence):
    """With the name of the file; a parser of strangers' files executes nothing."""
    with pytest.raises(SchemaError, match=sentence) as error:
        parse(text.encode(), name)

    assert error.value.message.startswith(name)
    assert error.value.advice


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(SchemaError, match="not UTF-8 at byte 1"):
        parse(b"{\xff", "a.json")


def test_a_large_file_is_refused_before_it_is_parsed(tmp_path):
    path = tmp_path / "large.json"
    path.write_text('{"accuracy": 0.9' + " " * LARGEST + "}")

    assert is_report(tmp_path, str(path))
    with pytest.raises(SchemaError, match="larger than 4 MiB"):
        read_report(tmp_path, str(path))


@given(st.binary(max_size=200), st.sampled_from(["a.json", "a.yaml", "a.toml", "a.csv", "a.txt"]))
def test_any_bytes_are_read_or_refused(content, name):
    try:
        found = parse(content, name)
    except SchemaError:
        return
    assert found.numbers


def test_a_record_is_no_report(tmp_path):
    """However a formatter of JSON has laid it out."""
    value = json.loads(CREDIT.read_bytes())
    last = {key: value[key] for key in sorted(value, key=lambda k: k == "schema")}
    (tmp_path / "sorted.json").write_text(json.dumps(last, indent=None))
    (tmp_path / "metrics.json").write_text(json.dumps(value["metrics"]))

    assert not is_report(tmp_path, str(CREDIT))
    assert not is_report(tmp_path, "sorted.json")
    assert not is_report(tmp_path, "nothing.json")
    # A file of metrics of a run is a report too.
    assert is_report(tmp_path, "metrics.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dvc:HEAD:results/metrics.json", "0.967"),
        ("dvc:HEAD~1:results/metrics.json", "0.8"),
        ("dvc:v1.0:metrics.yaml", "0.967"),
        ("dvc:v1.0^:./metrics.yaml", "0.8"),
    ],
)
def test_metrics_at_a_revision(repository, name, value):
    """The committed ones, whatever the file is now; paths begin at the project."""
    found = read_report(repository, name)

    assert {keys: n.text for keys, n in found.numbers.items()} == {("accuracy",): value}


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("dvc:HEAD", ConfigError, "the path is missing"),
        ("dvc::metrics.yaml", ConfigError, "'' is no revision"),
        ("dvc:--output=x:metrics.yaml", ConfigError, "is no revision"),
        ("dvc:-x:metrics.yaml", ConfigError, "is no revision"),
        ("dvc:v1.0..HEAD:metrics.yaml", ConfigError, "is no revision"),
        ("dvc:HEAD;id:metrics.yaml", ConfigError, "is no revision"),
        ("dvc:HEAD:../secret.json", ConfigError, "leads out of the project"),
        ("dvc:HEAD:results/../../secret.json", ConfigError, "leads out of the project"),
        ("dvc:HEAD:/etc/passwd", ConfigError, "leads out of the project"),
        ("dvc:v9:metrics.yaml", PreconditionError, "git knows no revision 'v9'"),
        ("dvc:HEAD:nothing.json", PreconditionError, "nothing.json is not in git"),
        ("dvc:HEAD:results", PreconditionError, "results is a folder"),
    ],
)
def test_a_revision_that_cannot_be_read(repository, name, kind, sentence):
    """Nothing that is given is an option of git, and nothing outside of the project is read."""
    with pytest.raises(kind, match=sentence) as error:
        read_report(repository, name)

    assert error.value.advice


def test_a_folder_without_git_has_no_revisions(tmp_path):
    with pytest.raises(PreconditionError, match="git knows no revision"):
        read_report(tmp_path, "dvc:HEAD:metrics.json")


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", "-x", "a b", "x" * 65])
def test_what_is_no_run_of_mlflow(tmp_path, run_id):
    """A store of files makes a path of it."""
    with pytest.raises(ConfigError, match="no identifier of a run"):
        read_report(tmp_path, f"mlflow:{run_id}")


def test_a_missing_store_and_a_missing_extra_are_named(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(PreconditionError, match=r"neither mlflow\.db nor mlruns"):
        read_report(tmp_path, "mlflow:abc")
    monkeypatch.setitem(__import__("sys").modules, "mlflow.tracking", None)
    (tmp_path / "mlruns").mkdir()
    with pytest.raises(ReproError, match="needs MLflow") as error:
        read_report(tmp_path, "mlflow:abc")

    assert "repro[mlflow]" in error.value.advice


def test_a_report_is_compared_by_the_command(tmp_path, monkeypatch, capsys):
    """Exit status 0 within the digits, 1 beyond, 2 for an ambiguous name; JSON fits its schema."""
    monkeypatch.chdir(tmp_path)
    accuracy, f1 = (round(VALUES[name], 4) for name in ("accuracy", "f1_macro"))
    (tmp_path / "it.json").write_text(json.dumps({"acc": accuracy, "mse": 1}))
    (tmp_path / "f1.csv").write_text(f"metric,value\nf1,{f1}\n")
    (tmp_path / "off.json").write_text(json.dumps({"accuracy": round(accuracy + 0.001, 4)}))

    assert run(["compare", "it.json", str(CREDIT), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    comparison = found["candidates"][0]["comparison"]
    assert kind_of_valid(found) == "comparison"
    assert (found["reference"], found["groups"]) == ("it.json", [["it.json"], ["credit.json"]])
    assert comparison["verdict"] == "equivalent"
    assert comparison["counterparts"] == {
        "total": 2, "compared": {"acc": "metrics.test.accuracy"}, "without": ["mse"],
        "parameters": {},
    }  # fmt: skip

    assert run(["compare", "off.json", str(CREDIT)]) == 1
    assert "1 metric differs by more than was rounded" in capsys.readouterr().out
    assert run(["compare", "off.json", str(CREDIT), "--tolerance", "0.01"]) == 0
    assert run(["compare", "f1.csv", str(CREDIT)]) == 2
    assert "'f1' may be f1_macro or f1_weighted" in capsys.readouterr().err
    assert run(["compare", "f1.csv", str(CREDIT), "--map", "f1=f1_macro"]) == 0
    assert run(["compare", "f1.csv", str(CREDIT), "--map", "f1="]) == 1
    assert "0 of 1 metrics have a counterpart" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["markdown", "junit", "json", "text"])
def test_every_form_names_what_was_compared(tmp_path, capsys, form):
    """And lets no sign of a stranger's file reach a terminal."""
    path = tmp_path / "it.json"
    path.write_text(json.dumps({"accuracy": 0.5, "x\x1b[31m\u202ey": 1, "a\nb": 2}))

    assert run(["compare", str(path), str(CREDIT), "--format", form]) == 1
    shown = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "1 of 3 metrics has a counterpart" in shown


def test_a_mapping_and_pages_are_for_what_has_them(tmp_path, capsys):
    (tmp_path / "it.json").write_text('{"accuracy": 0.8}')
    report, record = str(tmp_path / "it.json"), str(CREDIT)

    assert run(["compare", record, record, "--map", "a=accuracy"]) == 2
    assert "is a record of repro" in capsys.readouterr().err
    assert run(["compare", report, record, "--map", "accuracy"]) == 2
    assert "expected NAME=METRIC, found 'accuracy'" in capsys.readouterr().err
    assert run(["compare", report, record, "--report", str(tmp_path / "p.html")]) == 2
    assert "--report needs a record" in capsys.readouterr().err
    assert run(["compare", report, record, "-o", report]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert run(["verify", record, "--map", "a=accuracy"]) == 2
    assert run(["verify", record, "--integrity", "--reference", report]) == 2
    # Such a file alone cannot be verified: it does not say how it was made.
    capsys.readouterr()
    assert run(["verify", report]) == 3
    assert "repro verify RUN --reference FILE" in capsys.readouterr().err


def test_python_has_the_same_answer(tmp_path):
    """And the same mistakes."""
    path = tmp_path / "it.json"
    path.write_text(json.dumps({"f1": round(VALUES["f1_macro"], 4)}))
    found = repro.compare(path, CREDIT, mapping={"f1": "f1_macro"})

    assert (found.passed, found.verdicts) == (True, {"credit.json": "equivalent"})
    assert found.candidates[0].comparison.counterparts.compared == {"f1": "metrics.test.f1_macro"}
    with pytest.raises(ConfigError, match="may be f1_macro or f1_weighted"):
        repro.compare(path, CREDIT)
    with pytest.raises(ConfigError, match="'mapping' needs a 'reference'"):
        repro.verify(CREDIT, mapping={"f1": "f1_macro"})


def test_markdown_counts_what_agrees(tmp_path, capsys):
    path = tmp_path / "it.json"
    path.write_text(json.dumps({name: f"{VALUES[name]:.3f}" for name in ("accuracy", "brier")}))

    assert run(["compare", str(path), str(CREDIT), "--format", "markdown"]) == 0
    assert " | 2 of 2 | " in capsys.readouterr().out
