"""Bad input: which file, which key, what was found, what to do; never a traceback, nothing lost."""

import pytest
from tests.cli.test_train import rehash
from tests.conftest import command

EXPERIMENT = "configs/experiments/credit.yaml"
DATA = "data/credit.csv"


def refused(result, status, *sentences):
    assert (result.status, "Traceback" in result.err + result.out) == (status, False), result.err
    assert [text for text in sentences if text not in result.err] == [], result.err


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            "selection:",
            "selektion:",
            ("credit.yaml:", "unknown key 'selektion'", "mean 'selection'?"),
        ),
        ("knn,", "kn,", ("credit.yaml:5", "unknown model family 'kn'", "did you mean 'knn'?")),
        ("selection:", 'seed: "42"\nselection:', ("seed: input should be a valid integer",)),
        ("selection:", "seed: 1\nseed: 2\nselection:", ("duplicate key 'seed', first on line",)),
        ("selection:", "seed: [1\nselection:", ("credit.yaml:", "not valid YAML")),
        (
            "precision: 0.7",
            "precision: .nan",
            (".nan is not a finite number at 'decision.precision'",),
        ),
        ("precision: 0.7", "precision: 1.5", ("decision.precision: input should be less than 1",)),
        ("task: binary", "task: regression", ("no estimator for regression",)),
        ("task: binary", "", ("missing key 'task'",)),
        (
            "metric: roc_auc",
            "metric: roc_auk",
            ("selection.metric: roc_auk is not a metric", "mean 'roc_auc'?"),
        ),
        ("dataset: credit", "dataset: credits", ("unknown data set 'credits'", "mean 'credit'?")),
        ("column: Assets", "column: Asets", ("no column 'Asets'", "did you mean 'Assets'?")),
        ("repro.experiment/v1", "repro.experiment/v2", ("expected repro.experiment/v1",)),
        ("selection:", "variants: {knn: nearer}\nselection:", ("unknown variant 'nearer' of knn",)),
    ],
)
def test_a_mistake_in_an_experiment_is_named(project, old, new, sentences):
    """Exit status 2 (3 for what only the data can tell), the line, and a suggestion."""
    project.replace(EXPERIMENT, old, new)

    result = project.repro("train", "--profile", "debug")

    refused(result, 3 if "Asets" in new else 2, *sentences)


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (("credti",), ("unknown experiment 'credti'", "did you mean 'credit'?")),
        (("--profile", "debgu"), ("unknown profile 'debgu'", "did you mean 'debug'?")),
        (("-m", "random_forrest"), ("unknown model family 'random_forrest'", "random_forest")),
        (("--variant", "knn=nearer"), ("unknown variant 'nearer' of knn", "near")),
        (("--test-size", "1.5"), ("--test-size", "less than 1")),
        (("--seed", "x"), ("--seed",)),
        (("--seed", "-1"), ("--seed", "greater than or equal to 0")),
        (("--workers", "0"), ("--workers",)),
        (("-s", "split.test_size"), ("expected KEY=VALUE",)),
        (
            ("-s", "models.knn.params.n_neighbours=3"),
            ("no parameter 'n_neighbours'", "n_neighbors"),
        ),
        (
            ("-s", "models.knn.params.n_neighbors=-3"),
            ("--set models.knn.params.n_neighbors: ", "must be an int in the range"),
        ),
        (("-f", "nowhere.yaml"), ("nowhere.yaml: cannot be read",)),
        (("--nonsense",), ("--nonsense",)),
    ],
)
def test_a_mistake_in_an_argument_is_named(project, arguments, sentences):
    """A usage error, with what was meant."""
    result = project.repro("train", *arguments)

    refused(result, 2, *sentences)


def lines_of(project):
    return (project.path / DATA).read_text().splitlines()


def write_lines(project, lines):
    (project.path / DATA).write_text("".join(line + "\n" for line in lines))


def one_class(lines):
    return [line for line in lines if not line.startswith("bad")]


def few_rows(lines):
    return [lines[0], *[r for r in lines if r[:3] == "bad"][:3], *lines[1:3]]


def no_target(lines):
    return [line.partition(",")[2] for line in lines]


def empty_column(lines):
    rows = [line.split(",") for line in lines]
    return [",".join([*row[:3], "" if i else row[3], *row[4:]]) for i, row in enumerate(rows)]


def duplicate_names(lines):
    return [lines[0].replace("Price", "Amount"), *lines[1:]]


def changed(old, new):
    return lambda lines: [lines[0], lines[1].replace(old, new), *lines[2:]]


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (one_class, ("good", "two")),
        (few_rows, ("rows",)),
        (no_target, ("Status",)),
        (empty_column, ("Time",)),
        (duplicate_names, ("2 columns are named 'Amount'",)),
        (changed("129.0", "inf"), ("Income", "inf")),
        (changed("129.0", "1e999"), ("Income", "1e999")),
        (changed("129.0", "plenty"), ("Income", "plenty")),
        (changed("129.0", "nan"), ("Income", "nan")),
        (changed(",846", ""), ("credit.csv", "2")),
        (changed(",846", ",846,1"), ("credit.csv", "2")),
        (lambda lines: lines[:1], ("credit.csv", "row")),
        (lambda _: [], ("credit.csv", "empty")),
    ],
)
def test_data_that_is_not_as_declared_is_named(project, change, sentences):
    """Which column, which row, what was found; exit status 3."""
    write_lines(project, change(lines_of(project)))
    declare(project)

    result = project.repro("train", "--profile", "debug")

    refused(result, 3, *sentences)


def declare(project):
    """Declare the hash of the file as it is, so that its content is what is judged."""
    rehash(project)


def test_a_file_that_is_not_utf_8_is_named_by_its_byte(project):
    """The place of the first bad byte."""
    path = project.path / DATA
    path.write_bytes(path.read_bytes().replace(b"rent", b"r\xe9nt", 1))
    declare(project)

    refused(project.repro("train"), 3, "credit.csv", "UTF-8", "byte")


def test_a_missing_file_and_a_wrong_hash_are_preconditions(project):
    """Each with the next step."""
    project.replace(DATA, "good,9", "good,8")
    wrong = project.repro("train")
    (project.path / DATA).unlink()
    missing = project.repro("train")

    refused(wrong, 3, "data/credit.csv", "expected sha256", "next:")
    refused(missing, 3, "data/credit.csv", "next:")


def test_a_runs_folder_that_cannot_be_written_is_refused_before_training(project):
    """Nobody waits for a result that cannot be kept."""
    project.write("runs", "a file in the way")

    result = project.repro("train")

    refused(result, 3, "runs", "next:")
    assert "split" not in result.err


def test_outside_a_project_the_next_step_is_told(tmp_path):
    """The command does not know which project is meant."""
    result = command("-m", "repro", "train", cwd=tmp_path)

    refused(result, 3, "no configs/base.yaml", "--project")


def test_an_unknown_command_or_run_is_answered_with_a_suggestion(trained):
    """Did you mean …?"""
    project, _ = trained

    refused(project.repro("runs", "show", "19990101"), 3, "no run", "next:")
    refused(project.repro("verify", "nothing.json"), 3, "no reference file nothing.json", "next:")

    refused(command("-m", "repro", "trian"), 2, "no such command 'trian'", "did you mean 'train'?")
