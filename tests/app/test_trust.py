"""What a record may use of a project, and that a run of one's own may use what trained it."""

import json

import pytest
from tests.conftest import ROOT
from tests.divergence.test_assess import RECORD
from tests.forging import altered
from tests.store.sample_run import RUN_ID, write_run

from repro.app.configuration import idle_tolerances, resolve_request, verification_settings
from repro.app.subjects.question import prepare
from repro.app.subjects.recorded import read_recorded
from repro.app.subjects.subject import Subject
from repro.app.subjects.trust import check_modules, check_parameters, with_own_data
from repro.app.verify import verify
from repro.config.compose import Request
from repro.config.data import leads_outside
from repro.config.preprocessing import Transform
from repro.config.recorded import parse_config
from repro.core.errors import ConfigError, PreconditionError
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.records import Lineage
from repro.core.verdict import Verdict
from repro.datasets.hashing import HashMismatchError
from repro.digest.files import sha256_bytes, sha256_file
from repro.divergence.tolerance import ToleranceRequest
from repro.execution.places import Here

OWN = parse_config(RECORD.config, "own")
MODULE = "security:\n  allowed_modules: [sklearn, lightgbm, mine]\n"


def allowing(*modules, used=""):
    security = OWN.security.model_copy(update={"allowed_modules": modules})
    models = OWN.models
    if used:
        models = {"own": OWN.models["knn"].model_copy(update={"estimator": used})}
    return OWN.model_copy(update={"security": security, "models": models})


def run_of(project, configuration):
    """A run whose lineage names files of configuration by their hashes."""
    run = project.path / "runs" / RUN_ID
    if not run.exists():
        write_run(run.parent)
    lineage = load_record((run / "lineage.json").read_bytes(), "lineage.json", Lineage)
    changed = lineage.model_copy(update={"configuration": configuration})
    (run / "lineage.json").write_bytes(dump_record(bound(changed)))
    return Subject(run, is_run=True)


REFERENCE = Subject(ROOT / "reference" / "credit.json", is_run=False)
PLACES = ["configs/experiments/credit.yaml", "configs/profiles/debug.yaml"]


@pytest.mark.parametrize("place", PLACES)
def test_modules_that_a_file_of_the_project_allows_are_allowed(project, place):
    """Train reads it from there; so does whoever checks what was trained."""
    config = allowing("sklearn", "lightgbm", "mine", used="mine:Model")
    for subject in (REFERENCE, run_of(project, {})):
        with pytest.raises(PreconditionError, match="'mine'"):
            check_modules(project.path, subject, config)

    path = project.path / place
    path.write_text(path.read_text() + MODULE)

    for subject in (REFERENCE, run_of(project, {})):
        check_modules(project.path, subject, config)


def test_a_broken_file_beside_allows_nothing_and_breaks_nothing(project):
    """Another experiment is somebody else's draft."""
    project.write("configs/experiments/draft.yaml", "schema: [")

    check_modules(project.path, REFERENCE, OWN)
    with pytest.raises(PreconditionError, match="'mine'"):
        check_modules(project.path, REFERENCE, allowing("sklearn", "mine"))


def test_an_overlay_of_a_run_counts_while_it_is_what_it_was(project):
    """In the project, with the hash that the run recorded."""
    config = allowing("mine", used="mine:Model")
    overlay = project.write("overlays/own.yaml", f"schema: repro.overlay/v1\n{MODULE}")
    subject = run_of(project, {"overlays/own.yaml": sha256_file(overlay)})

    check_modules(project.path, subject, config)

    overlay.write_text(overlay.read_text() + "seed: 3\n")
    with pytest.raises(PreconditionError, match="'mine'"):
        check_modules(project.path, subject, config)


@pytest.mark.parametrize(
    "name", [f"runs/{RUN_ID}/own.yaml", "../own.yaml", "data\\own.yaml", "C:own.yaml"]
)
def test_a_run_brings_no_overlay_of_its_own(project, name):
    """In its folder, or beside the project."""
    subject = run_of(project, {})
    content = f"schema: repro.overlay/v1\n{MODULE}".encode()
    path = project.path / name
    path.write_bytes(content)
    subject = run_of(project, {name: sha256_bytes(content)})

    with pytest.raises(PreconditionError, match="'mine'"):
        check_modules(project.path, subject, allowing("mine", used="mine:Model"))


def test_what_a_flag_allowed_is_asked_for_only_where_a_run_uses_it(project):
    """And a family of this project says which module it is from."""
    subject = run_of(project, {})
    check_modules(project.path, subject, allowing("sklearn", "json"))
    with pytest.raises(PreconditionError, match="'json'"):
        check_modules(project.path, REFERENCE, allowing("sklearn", "json"))

    mine = allowing("mine", used="mine.models:Model")
    with pytest.raises(PreconditionError, match="'mine'"):
        check_modules(project.path, subject, mine)
    project.write(
        "configs/models/own.yaml",
        "schema: repro.model/v1\nestimators:\n  classification: mine.models:Model\n",
    )
    check_modules(project.path, subject, mine)


def test_families_that_come_with_the_package_need_no_permission(project):
    """No other module of it is meant."""
    check_modules(project.path, REFERENCE, allowing("sklearn", used="repro.families.torch_mlp:A"))

    with pytest.raises(PreconditionError, match="allows estimators from 'repro'"):
        check_modules(project.path, REFERENCE, allowing("sklearn", used="repro.store:PendingRun"))


def test_nested_classes_are_asked_for_too(project):
    """However deep they are."""
    nested = {"estimator": [{"class": "os.path:Thing", "params": {}}]}
    models = {"own": OWN.models["knn"].model_copy(update={"params": nested})}

    with pytest.raises(PreconditionError, match="'os'"):
        check_modules(project.path, run_of(project, {}), OWN.model_copy(update={"models": models}))


def transforming(where, transformer, **params):
    """A configuration with a transformer for everybody, or for one family."""
    step = Transform(name="step", transformer=transformer, params=params)
    own = OWN.preprocessing.model_copy(update={"then": (step,)})
    if where == "shared":
        return OWN.model_copy(update={"preprocessing": own})
    models = {"own": OWN.models["knn"].model_copy(update={"preprocessing": own})}
    return OWN.model_copy(update={"models": models})


@pytest.mark.parametrize("where", ["shared", "family"])
def test_transformers_are_asked_for_too(project, where):
    """Their modules, and parameters that reach beyond a fit."""
    subject = run_of(project, {})
    with pytest.raises(PreconditionError, match="'os'"):
        check_modules(project.path, subject, transforming(where, "os.path:Thing"))
    check_modules(project.path, subject, transforming(where, "repro.transformers:DatetimeParts"))
    words = "sklearn.feature_extraction.text:CountVectorizer"
    with pytest.raises(PreconditionError, match="opens files that the data names"):
        check_parameters(project.path, transforming(where, words, input="filename"))


OUTSIDE = [
    "/etc/passwd",
    "../x.csv",
    "data/../../x.csv",
    "C:/x.csv",
    "C:x.csv",
    "..\\x.csv",
    "data\\x.csv",
    "\\\\host\\share\\x.csv",
    "//host/share/x.csv",
    "\\x.csv",
    "data/.. /x.csv",
    "data/.../x.csv",
    "x\0.csv",
    "",
]


def sourced(path, **changes):
    source = OWN.dataset.source.model_copy(update={"path": path})
    return OWN.model_copy(
        update={"dataset": OWN.dataset.model_copy(update={"source": source, **changes})}
    )


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_out_is_refused_on_every_system(path):
    """Windows' spellings too, wherever this runs."""
    assert leads_outside(path)
    with pytest.raises(ConfigError, match="lies outside the project"):
        with_own_data(ROOT, sourced(path))


@pytest.mark.parametrize("path", ["data/a.csv", "a b.csv", "data/..a/b..csv", "./a.csv", "é/ü.csv"])
def test_a_path_inside_is_not(path):
    """Dots and spaces in names are names."""
    assert not leads_outside(path)


@pytest.mark.parametrize("path", ["runs/x/credit.csv", "data/fifo", "data/moved.csv", *OUTSIDE])
def test_other_data_by_the_name_of_the_project_s_is_reported_first(path):
    """Before the path, before anything is opened."""
    config = sourced(path, sha256="1" * 64)

    with pytest.raises(HashMismatchError, match="expected sha256 1111"):
        with_own_data(ROOT, config)
    found = verify(ROOT, prepare(ROOT, "it", RECORD, config, ToleranceRequest()), None, Here())
    assert (found.comparison.verdict, found.holds) == (Verdict.INCOMPARABLE, False)
    assert found.comparison.reasons[0].startswith("data set differs: data/credit.csv: expected")


@pytest.mark.parametrize("path", ["runs/x/credit.csv", "data/moved.csv"])
def test_the_project_says_where_its_data_lies(path):
    """A record of before a file was moved is trained from where it lies today."""
    assert with_own_data(ROOT, sourced(path)) == OWN


@pytest.mark.parametrize("name", ["unknown", "wine2"])
def test_a_file_that_is_not_declared_is_not_opened(name):
    """By name and hash: a hash alone declares nothing."""
    with pytest.raises(PreconditionError, match="does not declare"):
        with_own_data(ROOT, sourced("data/credit.csv", name=name))


def test_another_entry_that_is_not_valid_does_not_matter(project):
    """Train did not read it."""
    project.replace("configs/datasets.yaml", "  breast_cancer:\n", "  breast_cancer:\n    no: 1\n")

    assert with_own_data(project.path, OWN) == OWN


def test_explanations_and_noise_train_from_the_declared_data(project):
    """Sections of the record itself are what they train from."""
    edited = sourced("data/moved.csv").model_dump(mode="json", by_alias=True)
    path = project.path / "edited.json"
    path.write_bytes(dump_record(bound(altered(RECORD, config=edited))))

    recorded = read_recorded(project.path, Subject(path, is_run=False))

    assert recorded.config.dataset.source.path == "data/credit.csv"
    assert recorded.record.config["dataset"]["source"]["path"] == "data/credit.csv"


def test_a_tolerance_for_a_family_that_a_project_lacks_is_no_error(project):
    """It has no effect, and is said to have none."""
    assert idle_tolerances(project.path) == ""
    project.replace("configs/base.yaml", "families: {} ", "families: {extra: 1e-4} ")

    assert verification_settings(project.path).tolerance.families["extra"] == 1e-4
    assert "unknown family 'extra'" in idle_tolerances(project.path)


def test_the_measure_may_stand_in_an_experiment_s_own_file(project):
    """Where the base has no complete one; without it, the usual one counts."""
    base = project.path / "configs/base.yaml"
    text = base.read_text()
    start, end = text.index("verification:"), text.index("stability:")
    base.write_text(text[:start] + text[end:])
    experiment = project.path / "configs/experiments/wine.yaml"
    own = text[start:end].replace("absolute: 1e-6", "absolute: 1e-5")
    experiment.write_text(experiment.read_text() + own)

    for name, absolute in {"wine": 1e-5, "credit": 1e-6, "unknown": 1e-6, "": 1e-6}.items():
        assert verification_settings(project.path, name).tolerance.absolute == absolute
    base.write_text(text[:start] + "verification: {tolerance: {absolute: 1e-7}}\n" + text[end:])
    assert verification_settings(project.path, "wine").tolerance.absolute == 1e-7
    base.write_text(text[:start] + "verification: {tolerance: {absolut: 1e-7}}\n" + text[end:])
    with pytest.raises(ConfigError, match="did you mean 'absolute'"):
        verification_settings(project.path, "wine")


@pytest.mark.parametrize("written", ["dataset: {name: x, sha256: y}", "dataset:\n  target: x"])
def test_a_data_set_is_named(project, written):
    """One that is spelled out where it is used could not be verified."""
    project.replace("configs/experiments/wine.yaml", "dataset: wine", written)

    with pytest.raises(ConfigError, match="cannot be set: an experiment names its data"):
        resolve_request(project.path, Request(experiment="wine"))


def test_the_run_that_train_says_to_check_can_be_checked(project):
    """Trained by an experiment with modules of its own, without svm, into another folder."""
    (project.path / "configs/models/svm.yaml").unlink()
    path = project.path / "configs/experiments/wine.yaml"
    path.write_text(path.read_text() + "verification:\n  sample: {size: 5, boundary: 2}\n" + MODULE)
    run = project.train("wine", "-p", "debug", "-m", "knn", "--runs", "other", "-s", "drift.bins=7")
    project.repro("reference", run, "-o", project.path / "short.json")
    path.rename(path.with_name("renamed.yaml"))

    by_run = project.repro("verify", run)
    reference = project.repro("verify", "short.json")

    assert (by_run.status, "identical" in by_run.out) == (0, True), by_run.out + by_run.err
    assert (reference.status, "identical" in reference.out) == (0, True), reference.err
    assert (
        len(
            json.loads((project.path / "short.json").read_text())["evidence"]["predictions"]["rows"]
        )
        > 5
    )
