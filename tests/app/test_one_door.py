"""The script and the command ask the same code, and obstacles are seen before any training."""

import shutil

import pytest
from tests.conftest import ROOT, command
from tests.divergence.test_assess import OTHER_BITS, RECORD, SETTINGS
from tests.forging import altered

from repro.app.subjects.question import prepare
from repro.app.verify import verify
from repro.config.common_keys import keys_from, planned
from repro.config.keys import VERSION, version_of
from repro.config.recorded import parse_config
from repro.core.errors import ConfigError
from repro.core.jsonfile import bound
from repro.core.verdict import Verdict
from repro.divergence.assess import assess, foreseen_obstacles
from repro.divergence.tolerance import EXACT, Tolerance, ToleranceRequest
from repro.training.declarations import MEANING

SCRIPT = ROOT / "scripts" / "validate_reproducibility.py"


def changed(**sections):
    return parse_config(RECORD.config | sections, "changed")


def foreseen(config, settings=SETTINGS):
    return foreseen_obstacles(settings, RECORD, planned(RECORD, config), ToleranceRequest())


def deeper(section, **values):
    return {section: RECORD.config[section] | values}


KNN = RECORD.config["models"]["knn"]
OTHERS = [
    ({"seed": 7}, "seed differs: reference 42, this run 7"),
    (deeper("split", test_size=0.5), "split differs: split.test_size"),
    (deeper("selection", folds=3), "selection differs: selection.folds"),
    ({"models": {"knn": KNN}}, "models or hyper-parameters differ: models."),
    (deeper("dataset", target="Price"), "target differs: reference Status, this run Price"),
    (deeper("features", drop=["Age"]), "features differ: features.drop"),
    ({"seeding": {"scheme": "constant"}}, "seeding scheme differs"),
]


@pytest.mark.parametrize(("sections", "sentence"), OTHERS)
def test_an_obstacle_between_two_configurations_needs_no_training(sections, sentence):
    """The two sections are read; no data is."""
    found = foreseen(changed(**sections))

    assert [sentence in each for each in found].count(True) == 1, found


def test_nothing_is_in_the_way_of_the_record_s_own_configuration():
    """What no result depends on may differ."""
    own = parse_config(RECORD.config, "own")
    wide = changed(**deeper("execution", workers=2), **deeper("safety", on_finding="fail"))

    assert foreseen(own) == ()
    assert foreseen(wide) == ()


EDITS = {
    "no stages": {"stages": RECORD.stages.model_copy(update={"stages": ()})},
    "no metrics": {"metrics": RECORD.metrics.model_copy(update={"test": {}})},
    "no rows": {"predictions": RECORD.predictions.model_copy(update={"rows": ()})},
    "one row": {
        "predictions": RECORD.predictions.model_copy(update={"rows": RECORD.predictions.rows[:1]})
    },
    "another seed": {"config": RECORD.config | {"seed": 43}},
    "another key": {"keys": RECORD.keys.model_copy(update={"strict_key": "strict/v1:0"})},
}


@pytest.mark.parametrize("name", EDITS)
def test_verify_trains_nothing_where_the_record_shows_an_obstacle(name):
    """At no place."""

    class Forbidden:
        def execute(self, *_):
            pytest.fail("trained")

    record = bound(RECORD.model_copy(update=EDITS[name]))
    own = parse_config(record.config, "own")
    question = prepare(ROOT, "it", record, own, ToleranceRequest())

    found = verify(ROOT, question, None, Forbidden())

    assert (found.holds, found.comparison.verdict) == (False, Verdict.INCOMPARABLE)


def test_a_record_with_older_keys_gets_those_of_its_training():
    """By the older keys 5 and 5.0 are one parameter; the training records its own."""
    knn = KNN | {"params": KNN["params"] | {"n_neighbors": 5}}
    older = altered(
        RECORD, config=RECORD.config | {"models": RECORD.config["models"] | {"knn": knn}}
    )
    older = older.with_keys(keys_from(parse_config(older.config, "older"), older))
    knn = KNN | {"params": KNN["params"] | {"n_neighbors": 5.0}}
    today = parse_config(older.config | {"models": RECORD.config["models"] | {"knn": knn}}, "today")

    question = prepare(ROOT, "it", older, today, ToleranceRequest())

    assert (question.obstacles, version_of(older.keys)) == ((), 1)
    assert question.expected.keys == keys_from(today, older, VERSION)
    assert question.expected.config == older.config


def test_a_tolerance_that_accepts_anything_is_refused_before_training():
    """Of base.yaml too."""
    tolerance = SETTINGS.tolerance.model_copy(update={"absolute": 2.0})
    loose = SETTINGS.model_copy(update={"tolerance": tolerance})

    with pytest.raises(ConfigError):
        foreseen(changed(), loose)


@pytest.mark.parametrize("tolerance", [None, EXACT, Tolerance.both(1e-6)])
def test_metrics_of_the_same_bits_are_no_finding_in_the_mode_legacy(tolerance):
    """Where metrics alone are compared, and all of them are the same."""
    found = assess(
        SETTINGS, RECORD, OTHER_BITS, ToleranceRequest(tolerance, mode="legacy"), MEANING
    )

    assert (found.verdict, found.finding, found.holds) == (Verdict.EQUIVALENT, "", True)


@pytest.mark.parametrize("mode", ["strict", "relaxed"])
def test_other_bits_where_the_same_are_expected_are_a_finding_for_the_script_too(mode):
    """The tolerance that the script had by default let this pass."""
    assert not assess(SETTINGS, RECORD, OTHER_BITS, ToleranceRequest(mode=mode), MEANING).holds


def script(project, *arguments):
    return command(SCRIPT, *arguments, "--project", project.path, cwd=project.path)


def test_the_script_and_the_command_give_one_answer(project):
    """To a record whose environment leads one to expect its bits, and which has others."""
    common = ("--experiment", "wine", "--profile", "debug", "--model-type", "knn")
    file = project.path / "wine.json"
    saved = script(project, *common, "--save-reference", file)
    assert saved.status == 0, saved.err

    same = script(project, "--reference-metrics-file", file)
    seed = script(project, "--reference-metrics-file", file, "--seed", "7")
    tampered = shutil.copy(file, project.path / "tampered.json")
    text = tampered.read_text().replace('"seed": 42', '"seed": 43')
    tampered.write_text(text)
    edited = script(project, "--reference-metrics-file", tampered)

    assert (same.status, "identical" in same.out) == (0, True), same.out + same.err
    assert (seed.status, "seed differs: reference 42, this run 7" in seed.out) == (1, True)
    assert (edited.status, "tampered" in edited.out) == (1, True)
    for quiet in (seed, edited):
        assert "cross_validate" not in quiet.err
