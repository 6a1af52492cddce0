"""The functions do what the commands do, from a process that has loaded NumPy."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.metrics import accuracy_score

import repro
from repro.core.errors import ConfigError, DataError, PreconditionError, SchemaError
from repro.core.verdict import Verdict
from tests.conftest import Project, make_project
from tests.recording.folders import Folder, folder, home

if TYPE_CHECKING:
    from pathlib import Path

    from repro.api.results import TrainingResult

__all__ = ["folder", "home"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("api") / "project")


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def run(made: Project, said: list[str]) -> TrainingResult:
    """One training, with what it reported."""
    before = dict(os.environ)
    found = repro.train("wine", profile="debug", project=made.path, progress=said.append)
    assert dict(os.environ) == before
    return found


def read(run: TrainingResult, name: str) -> dict:
    return json.loads((run.path / name).read_bytes())


def test_a_result_is_what_the_run_folder_holds(run: TrainingResult, made: Project) -> None:
    """The accuracy is counted again from the predictions."""
    table = pd.read_csv(run.path / "predictions.csv")
    metrics = read(run, "metrics.json")

    assert run.path == made.path / "runs" / run.run_id
    assert run.scores["accuracy"] == accuracy_score(table["truth"], table["label"])
    assert run.scores == {name: each["value"] for name, each in metrics["test"].items()}
    assert run.model == metrics["model"]
    assert run.keys.strict_key == read(run, "snapshot.json")["keys"]["strict_key"]
    assert (run.experiment, run.seed, run.level) == ("wine", 42, "portable")
    assert (run.passed, run.warnings) == (True, ())


def test_progress_is_told_in_order(run: TrainingResult, said: list[str]) -> None:
    stages = [text for text in said if text.startswith("[") and ":" not in text]

    assert stages[0] == "[1/14] split"
    assert stages[-1] == "[14/14] check"


def test_the_command_gives_the_same_bytes(run: TrainingResult, made: Project) -> None:
    """Of everything that is not a time, a name or a host; and the same keys."""
    other = made.train("wine", "--profile", "debug")
    same = ("config.json", "metrics.json", "predictions.csv", "stages.json", "snapshot.json")

    for name in same:
        assert (run.path / name).read_bytes() == (other / name).read_bytes(), name
    assert read(run, "lineage.json")["command"] == ["repro", "train", "wine", "--profile=debug"]


def test_a_run_verifies_without_a_network(run: TrainingResult, made: Project) -> None:
    found = repro.verify(run.run_id, project=made.path)

    assert (found.verdict, found.passed, found.first_divergent) == (Verdict.IDENTICAL, True, None)
    assert found.network is not None
    assert repr(found) == f"<Verification of run {run.run_id}: {found.sentence}>" == str(found)


def test_a_damaged_run_is_a_finding_and_trains_nothing(
    run: TrainingResult, made: Project, tmp_path: Path
) -> None:
    copy = shutil.copytree(run.path, tmp_path / run.run_id)
    text = (copy / "metrics.json").read_text().replace("0.9", "0.8", 1)
    (copy / "metrics.json").write_text(text)
    said: list[str] = []

    alone = repro.verify(copy, integrity_only=True)
    found = repro.verify(copy, project=made.path, progress=said.append)

    assert (found.passed, found.verdict, found.comparison) == (False, None, None)
    assert "metrics.json" in found.sentence
    assert found == alone
    assert said == []


def test_a_different_seed_is_seen_without_training(run: TrainingResult, made: Project) -> None:
    other = repro.train(
        "wine", profile="debug", seed=7, models="knn", variants=None, project=made.path
    )
    report = repro.compare(run.path, other.path, project=made.path)

    assert other.model == "knn"
    assert (report.passed, report.verdicts) == (False, {other.run_id: Verdict.INCOMPARABLE})
    assert report.candidates[0].passed is False
    assert repr(report.candidates[0]).startswith(f"<Candidate {other.run_id}: incomparable")
    status = made.repro("compare", run.path, other.path, "--json")
    assert status.json == json.loads(report.model_dump_json(by_alias=True))


def test_a_reference_compares_with_its_run(run: TrainingResult, made: Project) -> None:
    file = made.path / "wine.json"
    assert made.repro("reference", run.run_id, "-o", file).status == 0

    report = repro.compare(file, run.path, run.run_id, tolerance=0, project=made.path)

    assert report.passed
    assert [each.verdict for each in report.candidates] == [Verdict.IDENTICAL] * 2
    assert [each.first_divergent for each in report.candidates] == [None, None]


def test_the_model_of_a_run_predicts_what_it_recorded(run: TrainingResult) -> None:
    data = load_wine(as_frame=True)
    table = pd.read_csv(run.path / "predictions.csv")
    found = run.load().predict(data.data.iloc[table["row"]])

    assert found.tolist() == table["label"].tolist()


def test_a_configuration_is_what_the_command_shows(made: Project) -> None:
    settings = {"split.test_size": 0.3, "models.logistic_regression.params.tol": 1e-07}
    shown = made.repro("config", "show", "wine", "--seed", "7", "--json",
                       *(f"-s{key}={value}" for key, value in settings.items()))  # fmt: skip

    found = repro.load_config("wine", seed=7, settings=settings, project=made.path)

    assert json.loads(found.config.model_dump_json(by_alias=True)) == shown.json
    assert found.values["models.logistic_regression.params.tol"] == 1e-07
    assert found.origins["split.test_size"] == "--set split.test_size"


def test_the_default_experiment_is_that_of_the_project(made: Project, monkeypatch) -> None:
    """Found upwards from the current folder."""
    monkeypatch.chdir(made.path / "data")

    assert repro.load_config().config.experiment == "credit"


MISTAKES = [
    ({"experiment": "wnie"}, "unknown experiment 'wnie'", "did you mean 'wine'?"),
    ({"settings": {"selection.fold": 3}}, "settings['selection.fold']: unknown key", ""),
    ({"settings": {"split.test_size": object()}}, "settings['split.test_size']: ", ""),
    (
        {"settings": {"split.test_size": float("nan")}},
        "settings['split.test_size']: input should be a finite",
        "",
    ),
    (
        {"settings": {"a..b": 1}},
        "settings: 'a..b' is not a dotted key",
        "write settings['a.b'] = 1",
    ),
    ({"seed": "7"}, "seed: input should be a valid integer, found '7'", ""),
    ({"seed": -1}, "seed: seed: ", ""),
    ({"level": "strong"}, "level: input should be 'seeded', 'strict'", ""),
    ({"workers": 0}, "workers: input should be greater than or equal to 1, found 0", ""),
    ({"models": ["knnn"]}, "unknown model family 'knnn'", "did you mean 'knn'?"),
    ({"variants": {"knn": "none"}}, "", ""),
    ({"overlays": ["missing.yaml"]}, "missing.yaml: cannot be read", ""),
    ({"profile": "debgu"}, "unknown profile 'debgu'", "did you mean 'debug'?"),
]


@pytest.mark.parametrize(("arguments", "message", "advice"), MISTAKES)
def test_a_mistake_is_an_error_in_the_words_of_python(
    made: Project, arguments: dict, message: str, advice: str
) -> None:
    """It names the argument; no option of a command is in it."""
    given = {"experiment": "wine", **arguments}

    with pytest.raises(ConfigError) as found:
        repro.load_config(**given, project=made.path)

    assert message in found.value.message
    assert advice in found.value.advice
    assert "--" not in found.value.message + found.value.advice


def test_an_error_of_the_training_process_has_its_kind(made: Project, tmp_path: Path) -> None:
    """It is found where the data is read, in a process of its own."""
    copy = make_project(tmp_path / "project")
    (copy.path / "data" / "credit.csv").write_text("a,b\n1,2\n")

    with pytest.raises(DataError) as found:
        repro.train("credit", profile="debug", project=copy.path)

    assert "credit" in found.value.message
    assert not (copy.path / "runs").exists() or list((copy.path / "runs").iterdir()) == []


def test_what_the_start_of_python_prints_is_no_answer(
    run, made: Project, tmp_path: Path, monkeypatch
) -> None:
    """A sitecustomize runs before everything, twice with the restart."""
    (tmp_path / "sitecustomize.py").write_text("print('hello')\nprint('[1]')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(PreconditionError, match="no run 'nothing'"):
        repro.verify("nothing", project=made.path)


def test_a_process_that_dies_is_an_error_with_its_last_words(
    run, made: Project, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os, sys\n"
        "sys.stderr.write('no licence\\n'); sys.stderr.flush(); os._exit(7)\n")  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(PreconditionError, match="ended with status 7: no licence"):
        repro.verify(run.path, project=made.path)


def test_an_interruption_ends_the_process_and_leaves_nothing(run, made: Project) -> None:
    """Ctrl-C in a notebook, in the middle of a training."""
    before = sorted((made.path / "runs").iterdir())

    def stop(text: str) -> None:
        if text.startswith("[5/14]"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repro.train("wine", profile="debug", project=made.path, progress=stop)

    assert sorted((made.path / "runs").iterdir()) == before


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda p: repro.verify("nothing", project=p), PreconditionError, "no run 'nothing'"),
        (
            lambda p: repro.verify("x.json", project=p),
            PreconditionError,
            "no reference file x.json",
        ),
        (lambda p: repro.verify(tolerance="much", project=p), ConfigError, "tolerance='much'"),
        (lambda p: repro.verify(noise="n.json", project=p), ConfigError, "tolerance='auto'"),
        (lambda p: repro.verify(workers=0, project=p), ConfigError, "workers: "),
        (lambda p: repro.compare("a", project=p), ConfigError, "no candidate"),
        (
            lambda p: repro.compare(p / "pyproject.json", "b", project=p),
            PreconditionError,
            "no ref",
        ),
        (lambda p: repro.train(project=p.parent.parent), PreconditionError, "no configs/base.yaml"),
    ],
)
def test_what_cannot_be_asked_is_an_error(run, made: Project, call, kind, message: str) -> None:
    with pytest.raises(kind) as found:
        call(made.path)

    assert message in found.value.message
    assert "--" not in found.value.advice.partition("repro ")[0]


def test_a_file_that_is_no_record_is_an_error(made: Project) -> None:
    file = made.write("odd.json", '{"schema": "repro.record/v9"}')

    with pytest.raises(SchemaError, match="record/v9"):
        repro.verify(file, project=made.path)


def test_a_strangers_command_runs_only_if_it_is_allowed(
    folder: Folder, monkeypatch, tmp_path: Path
) -> None:
    """The record was made on this machine under a different user's state."""
    folder.write("train.py", "open('out.txt', 'w').write('1')\n")
    folder.record("python", "train.py")
    for name, value in folder.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder.path)
    assert repro.verify().verdict is Verdict.IDENTICAL
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))

    with pytest.raises(PreconditionError, match=r"would run: python train\.py") as refused:
        repro.verify()

    assert "run_command=True" in refused.value.advice
    assert repro.verify(run_command=True).verdict is Verdict.IDENTICAL


def test_what_an_estimator_prints_is_no_answer(made: Project, tmp_path: Path) -> None:
    """Past Python too, where only the answer may come out."""
    copy = make_project(tmp_path / "project")
    copy.write(
        "loud.py",
        "import os\nfrom sklearn.dummy import DummyClassifier\n"
        "class Loud(DummyClassifier):\n"
        "    def fit(self, X, y):\n"
        "        print('{\"answer\": 1}', flush=True)\n"
        "        os.write(1, b'{\"answer\": 2}\\n')\n"
        "        return super().fit(X, y)\n",
    )
    copy.write(
        "configs/models/loud.yaml",
        "schema: repro.model/v1\nestimators: {classification: loud:Loud}\n"
        "params: {strategy: prior}\n",
    )
    found = repro.train(
        "wine", profile="debug", models=["loud"], project=copy.path,
        settings={"security.allowed_modules": ["sklearn", "loud"]},
    )  # fmt: skip

    assert found.model == "loud"
