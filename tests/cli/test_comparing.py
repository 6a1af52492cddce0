"""`repro compare`: a planted cause goes in, and its name comes out."""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as Xml
from importlib import metadata

import pytest
from tests.conftest import ROOT, command, make_project
from tests.forging import altered, well_forged

from repro.core.jsonfile import dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.launch import Level, leaking
from repro.processor import X86_64_V3, libm_variant, present

TRAIN = ("breast_cancer", "--profile", "debug", "-m", "logistic_regression", "-m", "knn")
v3 = pytest.mark.skipif(not X86_64_V3 <= (present() or set()), reason="no x86-64-v3")
# The native code paths, so that there is a difference to plant.
CLEAN = dict.fromkeys(leaking(os.environ))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("compare") / "project")


@pytest.fixture(scope="module")
def native(project):
    return project.train(*TRAIN, "--level", "strict", env=CLEAN)


def planted(project, *train, **variables):
    """Train with variables that the level lets in, and everything else as strict has it."""
    settings = CLEAN | dict(Level.STRICT.variables) | variables
    return project.train(*(train or TRAIN), "--level", "seeded", env=settings)


def candidate(project, reference, *others):
    result = project.repro("compare", reference, *others, "--format", "json")
    return result, result.json["candidates"][-1]


def acting(found):
    return [suspect["cause"] for suspect in found["suspects"] if suspect["can_act"]]


def test_two_native_runs_are_identical(project, native):
    """And nothing is suspected."""
    again = project.train(*TRAIN, "--level", "strict", env=CLEAN)
    result, found = candidate(project, native, again)

    assert (result.status, found["comparison"]["verdict"]) == (0, "identical")
    assert (found["suspects"], result.json["groups"]) == ([], [[native.name, again.name]])


@v3
@pytest.mark.parametrize(
    ("variables", "stages", "cause"),
    [
        ({"OPENBLAS_CORETYPE": "Nehalem"}, {"cross_validate"}, "BLAS kernel"),
        pytest.param(
            {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"},
            {"cross_validate", "fit"},
            "maths functions of the C library",
            marks=pytest.mark.skipif(libm_variant() != "FMA", reason="no choice of functions"),
        ),
    ],
)
def test_a_planted_code_path_is_named_first(project, native, variables, stages, cause):
    """By the stage at which it acts, with what differs; what cannot act is not suspected."""
    run = planted(project, **variables)
    result, found = candidate(project, native, run)

    assert (result.status, found["comparison"]["verdict"]) == (0, "equivalent")
    assert found["comparison"]["divergence"]["stage"] in stages
    assert found["comparison"]["divergence"]["inputs"] == []
    assert acting(found) == [cause]
    assert len(result.json["groups"]) == 2


@v3
@pytest.mark.parametrize(
    "variables", [{"PYTHONHASHSEED": "5"}, {"OMP_NUM_THREADS": "2"}], ids=["hash seed", "threads"]
)
def test_what_training_is_proof_against_changes_nothing(project, native, variables):
    """The hash seed orders no set that counts, and every task has one thread."""
    _, found = candidate(project, native, planted(project, **variables))

    assert found["comparison"]["verdict"] == "identical"


def test_another_seed_is_incomparable_and_parts_where_it_goes_in(project, native):
    """The first stage whose own input differs."""
    run = project.train(*TRAIN, "--level", "strict", "--seed", "7", env=CLEAN)
    result, found = candidate(project, native, run)

    assert (result.status, found["comparison"]["verdict"]) == (1, "incomparable")
    assert found["comparison"]["reasons"] == ["seed differs: reference 42, this run 7"]
    assert found["comparison"]["divergence"]["stage"] == "split"
    assert found["comparison"]["divergence"]["inputs"] == ["split_seeds"]
    assert found["config"] == {"seed": [42, 7]}
    assert acting(found) == ["seed"]


ROWS = [f"{i},{(i * 37) % 101},{'yes' if (i * 7) % 5 < 2 else 'no'}" for i in range(200)]
CHANGES = {"a changed row": ["0,5,yes", *ROWS[1:]], "permuted rows": ROWS[::-1]}


def made_of(project, name, rows):
    """Train on a data set of these rows."""
    project.write(f"data/{name}.csv", "\n".join(["a,b,label", *rows]) + "\n")
    added = project.repro(
        "data", "add", name, f"data/{name}.csv", "--target", "label",
        "--positive", "yes", "--numeric", "a", "--licence", "CC0", "--origin", "made for this test",
    )  # fmt: skip
    assert added.status == 0, added.err
    project.write(
        "configs/experiments/made.yaml",
        "schema: repro.experiment/v1\ndescription: Made.\ntask: binary\n"
        f"dataset: {name}\nfamilies: [decision_tree]\nselection:\n  metric: roc_auc\n",
    )
    return project.train("made", "--profile", "debug")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("a changed row", "data set differs: reference table/v1:"),
        ("permuted rows", "data set differs: the same rows in a different order"),
    ],
)
def test_other_data_is_incomparable_and_parts_where_it_goes_in(tmp_path, change, sentence):
    """A data set of the same size and columns, and other content; rows in another order as such."""
    own = make_project(tmp_path / "own")
    before, after = made_of(own, "before", ROWS), made_of(own, "after", CHANGES[change])
    result, found = candidate(own, before, after)

    assert (result.status, found["comparison"]["verdict"]) == (1, "incomparable")
    assert found["comparison"]["reasons"][0].startswith(sentence)
    divergence = found["comparison"]["divergence"]
    assert (divergence["stage"], "target" in divergence["inputs"]) == (
        ("split", True) if change == "permuted rows" else ("derive", False)
    )
    assert acting(found) == ["row order" if change == "permuted rows" else "data set"]


# The hyperbolic tangent of doubles has code of its own in each of NumPy's groups, with AVX-512 and
# without; other functions, such as the exponential, are the same in the baseline and in X86_V3.
TANGENTS = """schema: repro.model/v1
estimators:
  classification: sklearn.neural_network:MLPClassifier
params:
  hidden_layer_sizes: [4]
  activation: tanh
  solver: lbfgs
  max_iter: 10
"""


def of_tangents(project):
    """Return what trains a family that goes through NumPy's own code paths."""
    project.write("configs/models/tangents.yaml", TANGENTS)
    return "wine", "--profile", "debug", "-m", "tangents"


@v3
def test_another_code_path_of_numpy_is_named_first(project):
    """Where tangents go through it: the kernels of linear algebra are the same."""
    train = of_tangents(project)
    here = project.train(*train, "--level", "strict", env=CLEAN)
    run = planted(project, *train, NPY_ENABLE_CPU_FEATURES="X86_V2")
    result, found = candidate(project, here, run)

    assert (result.status, found["comparison"]["verdict"]) == (0, "equivalent")
    assert found["comparison"]["divergence"]["stage"] == "cross_validate"
    assert acting(found) == ["NumPy's code paths"]


@pytest.fixture(scope="session")
def older(tmp_path_factory):
    """Folders with older versions of two packages, from the package index."""
    folders = {}
    for package in ("scikit-learn==1.7.2", "numpy==2.3.5"):
        name, version = package.split("==")
        if metadata.version(name) == version:
            pytest.skip(f"{package} is what is installed here")
        folders[name] = tmp_path_factory.mktemp("older") / name
        options = ("--no-deps", "--only-binary", ":all:", "--no-compile", "-q", "--retries", "1")
        fetched = command("-m", "pip", "install", *options, "--target", folders[name], package)
        if fetched.status:
            pytest.skip(f"{package} cannot be fetched: {fetched.err.strip().splitlines()[-1]}")
    return folders


def aged(project, *train, folders):
    """Train with packages from these folders in place of those installed."""
    path = os.pathsep.join(map(str, folders))
    return project.train(*train, "--level", "strict", env=CLEAN | {"PYTHONPATH": path})


def test_another_scikit_learn_is_named_first(project, native, older):
    """By the stage whose fitted form it changed, and with both versions."""
    run = aged(project, *TRAIN, folders=[older["scikit-learn"]])
    _, found = candidate(project, native, run)

    assert found["comparison"]["verdict"] in {"equivalent", "different"}
    assert found["comparison"]["divergence"]["stage"] == "preprocess"
    assert acting(found) == ["scikit-learn"]
    versions = found["suspects"][0]["differences"]["packages.scikit-learn"]
    assert versions == [metadata.version("scikit-learn"), "1.7.2"]


@pytest.fixture(scope="module")
def reference(project, native):
    path = project.path / "native.json"
    assert project.repro("reference", native, "-o", path).status == 0
    return path


def edited(path, folder, name="edited.json", **changes):
    record = load_record(path.read_bytes(), path.name, RunRecord, RecordFile)
    target = folder / name
    target.write_bytes(dump_record(well_forged(altered(record, **changes))))
    return target


def record_of(path):
    return load_record(path.read_bytes(), path.name, RunRecord, RecordFile)


def test_a_reference_and_its_run_are_identical_in_any_form(project, native, reference):
    """Text, JSON, Markdown and a test report say the same, by the same exit status."""
    told = {}
    for form in ("text", "json", "markdown", "junit"):
        result = project.repro("compare", reference, native, "--format", form)
        assert result.status == 0, result.err
        told[form] = result.out

    assert "identical" in told["text"]
    assert json.loads(told["json"])["holds"] is True
    assert "✅ identical" in told["markdown"]
    suites = Xml.fromstring(told["junit"])
    assert [(s.get("tests"), s.get("failures")) for s in suites] == [("4", "0")]


def test_nothing_is_executed_and_no_project_is_needed(reference, native, tmp_path):
    """Two files in a folder of their own: the reference's own measure is used."""
    result = command("-m", "repro", "compare", reference, native, "--json", cwd=tmp_path)

    assert (result.status, result.json["candidates"][0]["comparison"]["absolute"]) == (0, 1e-6)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("shift", "tolerance", "verdict"),
    [
        (2.0**-20, 2.0**-20, "equivalent"),
        (2.0**-20, 2.0**-21, "different"),
        (2.0**-20, 0, "different"),
    ],
)
def test_the_boundary_of_the_tolerance(reference, tmp_path, shift, tolerance, verdict):
    """A difference of just the tolerance is within it; powers of two leave no room for rounding.

    The end of an interval is drawn: no prediction of the record says what it is.
    """
    record = record_of(reference)
    metrics = dict(record.metrics.test)
    base = metrics["accuracy"].model_copy(update={"low": 0.0})
    zero = record.metrics.model_copy(update={"test": metrics | {"accuracy": base}})
    moved = base.model_copy(update={"low": shift})
    other = record.metrics.model_copy(update={"test": metrics | {"accuracy": moved}})
    left = edited(reference, tmp_path, "left.json", metrics=zero)
    right = edited(reference, tmp_path, "right.json", metrics=other)

    result = command(
        "-m", "repro", "compare", left, right, "--tolerance", tolerance, "--json", cwd=tmp_path
    )
    found = result.json["candidates"][0]["comparison"]

    assert found["verdict"] == verdict
    check = next(c for c in found["checks"] if c["name"] == "metrics.test.accuracy.low")
    assert (check["difference"], check["relative"]) == (shift, 1.0)
    assert check["ulps"] > 10**18


@pytest.mark.parametrize("value", ["-1e-6", "nan", "inf", "0.34", "0.6", "1", "2.5"])
def test_a_tolerance_that_means_nothing_is_refused(reference, value):
    """Negative, not a number, without end, or so wide that any accuracy passes."""
    for verb in ("compare", "verify"):
        others = [reference] if verb == "compare" else []
        result = command("-m", "repro", verb, reference, *others, f"--tolerance={value}")
        assert (result.status, "tolerance" in result.err) == (2, True), result.err


def without(record, what):
    return {
        "predictions": {
            "predictions": record.predictions.model_copy(update={"rows": ()}),
        },
        "rows": {
            "predictions": record.predictions.model_copy(
                update={
                    "rows": tuple(
                        row.model_copy(update={"row": row.row + 10_000})
                        for row in record.predictions.rows
                    )
                }
            ),
        },
        "stages": {"stages": record.stages.model_copy(update={"stages": ()})},
        "metrics": {"metrics": record.metrics.model_copy(update={"test": {}})},
    }[what]


@pytest.mark.parametrize("what", ["predictions", "rows", "stages", "metrics"])
def test_nothing_compares_to_nothing(reference, tmp_path, what):
    """On either side; each with its sentence, and never a pass."""
    bare = edited(reference, tmp_path, **without(record_of(reference), what))
    for sides in ((reference, bare), (bare, reference), (bare, bare)):
        result = command("-m", "repro", "compare", *sides, "--json", cwd=tmp_path)
        if what in {"rows", "stages"} and sides[0] == bare:
            # Nothing is compared with a record that contradicts itself.
            assert (result.status, "tampered or damaged" in result.err) == (3, True)
            continue
        found = result.json["candidates"][0]["comparison"]
        assert (result.status, found["verdict"]) == (1, "incomparable"), (what, sides)
        assert all(found["reasons"])


def test_a_damaged_record_is_never_a_pass(reference, tmp_path):
    """As a candidate it is incomparable; as a reference nothing can be held against it."""
    damaged = tmp_path / "damaged.json"
    damaged.write_bytes(reference.read_bytes().replace(b'"seed": 42', b'"seed": 43'))
    as_candidate = command("-m", "repro", "compare", reference, damaged, cwd=tmp_path)
    as_reference = command("-m", "repro", "compare", damaged, reference, cwd=tmp_path)

    assert (as_candidate.status, "tampered or damaged" in as_candidate.out) == (1, True)
    assert (as_reference.status, "tampered or damaged" in as_reference.err) == (3, True)


def test_a_record_of_the_first_version_compares(trained, tmp_path):
    """With one of this version: the same experiment, other code paths perhaps."""
    project, run = trained
    first = ROOT / "tests" / "data" / "record_v1.json"
    result = project.repro("compare", first, run, "--json")

    found = result.json["candidates"][0]["comparison"]
    assert (result.status, found["verdict"] in {"identical", "equivalent"}) == (0, True)
    assert "no comparable fingerprint" in found["expectation"]


@pytest.mark.skipif(os.name == "nt", reason="devices and pipes of POSIX")
@pytest.mark.parametrize("option", ["--output", "--report"])
def test_a_pipe_is_written_to_and_not_replaced(reference, tmp_path, option):
    """A file renamed over a device or a pipe would take its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        result = command(
            "-m", "repro", "compare", reference, reference, option, pipe, "--format", "json"
        )
        read = reader.communicate()[0]

    assert (result.status, pipe.is_fifo(), len(read) > 100) == (0, True, True), result.err


def test_records_of_one_file_name_are_told_apart(reference, tmp_path):
    """By the names that they were given."""
    copy = tmp_path / "copy" / reference.name
    copy.parent.mkdir()
    copy.write_bytes(reference.read_bytes())
    found = command("-m", "repro", "compare", reference, copy, "--json").json

    assert (found["reference"], found["candidates"][0]["name"]) == (str(reference), str(copy))


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no text")
@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit"])
def test_a_name_that_is_no_text_is_written_in_ascii(reference, tmp_path, form):
    """In every form, by its name or its path, and a name never turns the text around it."""
    folder = tmp_path / "\udcff"
    folder.mkdir()
    copies = [tmp_path / "\udcff.json", tmp_path / "\u202enosj.json", folder / reference.name]
    for copy in copies:
        shutil.copy(reference, copy)

    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    result = command("-m", "repro", "compare", reference, *copies, "--format", form, env=strict)

    assert result.status == 0, result.err
    assert result.out.isascii() or form == "markdown"
    shown = json.loads(result.out)["groups"][0] if form == "json" else result.out
    for name in ("udcff.json", "u202enosj.json", f"udcff/{reference.name}"):
        assert any(name in each for each in ([shown] if isinstance(shown, str) else shown))


def test_a_folder_that_is_no_run_is_called_one(reference, tmp_path):
    result = command("-m", "repro", "compare", reference, tmp_path)

    assert (result.status, f"{tmp_path} is a folder but not a run" in result.err) == (3, True)


def test_two_forms_at_once_are_refused(reference):
    result = command("-m", "repro", "compare", reference, reference, "--json", "--format", "junit")

    assert (result.status, "exclude each other" in result.err) == (2, True)
