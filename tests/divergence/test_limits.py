"""What follows from two environments and a measured spread, without training anything."""

import pytest
from tests.conftest import ROOT
from tests.forging import altered, well_forged

from repro.app.known import check_file, informed, read_known, remember
from repro.app.tolerances import read_noise
from repro.config.verification import VerificationSettings
from repro.core.candidate import Candidate
from repro.core.errors import ConfigError, PreconditionError, ReproError
from repro.core.fingerprint import Fingerprint
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.known import NOTHING_KNOWN, KnownFingerprints
from repro.core.noise import Noise, NoiseTraining
from repro.core.record_v1 import RecordFile
from repro.core.verdict import Outcome
from repro.divergence.assess import assess
from repro.divergence.limits import automatic, check_noise, configured
from repro.divergence.tolerance import EXACT, Tolerance, ToleranceRequest
from repro.training.declarations import MEANING

EPSILON = 2.0**-52
RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)
SELECTED, SELECTION = RECORD.metrics.model, RECORD.metrics.selection_metric
FLOORS = {"default": 1e-9, SELECTED: 1e-3}


def settings(absolute=1e-6, unstable=1e-3, **by_name):
    return VerificationSettings.model_validate(
        {
            "mode": "strict",
            "tolerance": {"absolute": absolute, "relative": 1e-6, **by_name},
            "sample": {"size": 256, "boundary": 128},
            "auto": {"factor": 10, "unstable": unstable, "architectures": FLOORS},
        }
    )


def training(fingerprint):
    return NoiseTraining(
        level="strict",
        bits=None,
        fingerprint=fingerprint,
        agreeing=25,
        outputs=25,
        seconds=1.0,
        failure="",
    )


def noise(spreads, prints=("a", "b"), **changes):
    fields = {
        "schema": "repro.noise/v1",
        "subject": "run",
        "strict_key": RECORD.keys.strict_key,
        "machine": "x86_64",
        "trainings": tuple(map(training, prints)),
        "spreads": spreads,
        "flips": 0,
        "unstable": (),
        "sentence": "",
        "digest": "",
    }
    return bound(Noise(**(fields | changes)))


def known(*records):
    return KnownFingerprints.of(record.environment for record in records)


def elsewhere(machine="x86_64", fingerprint=True):
    """The record as from other code paths, or from another architecture."""
    environment = RECORD.environment
    groups = {name: f"kernels/v1:{i}" for i, name in enumerate(environment.fingerprint.groups)}
    changed = environment.model_copy(
        update={
            "platform": environment.platform.model_copy(update={"machine": machine}),
            "fingerprint": Fingerprint.over(groups) if fingerprint else None,
            "bits": environment.bits if fingerprint else None,
        }
    )
    return RECORD.model_copy(update={"environment": changed})


def test_a_family_and_a_metric_reach_the_numbers_that_are_theirs():
    """A metric counts before the family, but for the scores of the folds."""
    by_name = {"families": {"svm": 1e-2, SELECTED: 1e-3}, "metrics": {SELECTION: 1e-4}}
    limits = configured(settings(**by_name), RECORD)
    found = {
        name: limits.of(name).absolute
        for name in (
            *(f"metrics.test.{SELECTION}.low", f"metrics.constant.{SELECTION}"),
            *("metrics.cross_validation.knn.mean", "metrics.cross_validation.svm.mean"),
            *("metrics.test.brier", "metrics.constant.brier", "predictions", "threshold.threshold"),
        )
    }

    assert list(found.values()) == [1e-4, 1e-4, 1e-4, 1e-2, 1e-3, 1e-6, 1e-3, 1e-3]


def test_the_results_of_a_kept_model_have_the_tolerance_of_its_family():
    """And a metric counts before it; between architectures each family has its own least."""
    kept = Candidate(test={"brier": 0.2, SELECTION: 0.8}, threshold=0.4)
    metrics = RECORD.metrics.model_copy(update={"candidates": {"svm": kept, "knn": kept}})
    record = RECORD.model_copy(update={"metrics": metrics})
    by_name = {"families": {"knn": 1e-2}, "metrics": {SELECTION: 1e-4}}
    limits = configured(settings(**by_name), record)
    names = ("test.brier", f"test.{SELECTION}", "threshold")

    found = [limits.of(f"metrics.candidates.knn.{name}").absolute for name in names]
    assert found == [1e-2, 1e-4, 1e-2]
    assert limits.of("metrics.candidates.svm.test.brier").absolute == 1e-6


@pytest.mark.parametrize("value", [1 / 3, 0.5, 0.6, 0.999, 1.0, 1e300])
def test_a_tolerance_that_accepts_any_accuracy_is_refused(value):
    """As an option, and in each place of the configuration, which the message names."""
    with pytest.raises(ConfigError, match="accept every accuracy from 0 to 1"):
        Tolerance.both(value)
    with pytest.raises(ConfigError, match=r"verification\.tolerance\.absolute: tolerance: "):
        configured(settings(absolute=value), RECORD)
    if value >= 1:
        return
    for section in ({"families": {"svm": value}}, {"metrics": {"accuracy": value}}):
        name = next(iter(section))
        with pytest.raises(ConfigError, match=rf"verification\.tolerance\.{name}\."):
            configured(settings(**section), RECORD)


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e-6, 0.1, 0.33])
def test_a_tolerance_that_refuses_some_accuracy_is_accepted(value):
    """By the definition: beside an accuracy of a half, 0 or 1 is beyond it."""
    allowed = Tolerance.both(value).allowed(0.5)

    assert allowed < 0.5
    assert configured(settings(absolute=value), RECORD).default.absolute == value


def test_the_factor_multiplies_each_spread():
    """And a number that did not move gets ten roundings."""
    spreads = {"metrics.test.brier": 1e-9, "predictions": 2e-9}
    limits = automatic(
        settings(), RECORD, elsewhere(), ToleranceRequest(noise=noise(spreads)), MEANING
    )

    assert limits.of("metrics.test.brier.low") == Tolerance(10 * 1e-9, 10 * EPSILON)
    assert limits.of("predictions") == Tolerance(10 * 2e-9, 10 * EPSILON)
    assert limits.of("metrics.test.recall") == Tolerance(0.0, 10 * EPSILON)
    assert limits.basis == "10 times the spread over 2 classes of code paths"


def test_one_fingerprint_allows_nothing_whatever_was_measured():
    """The same bits are due."""
    limits = automatic(
        settings(), RECORD, RECORD, ToleranceRequest(noise=noise({"predictions": 1e-4})), MEANING
    )

    assert limits.is_exact
    assert "bit-identical results are expected" in limits.basis


def test_another_architecture_gets_the_wider_of_spread_and_floor():
    """By family."""
    spreads = {"metrics.cross_validation.knn.mean": 1e-7, "predictions": 1e-12}
    actual = elsewhere("aarch64")
    limits = automatic(
        settings(),
        RECORD,
        actual,
        ToleranceRequest(noise=noise(spreads), known=known(RECORD, actual)),
        MEANING,
    )

    assert limits.of("metrics.cross_validation.knn.mean").absolute == 10 * 1e-7
    assert limits.of("metrics.cross_validation.knn.std").absolute == 1e-9
    assert limits.of("predictions").absolute == FLOORS[SELECTED]
    assert limits.basis.startswith("reference x86_64, this run aarch64, different architectures")


def test_what_the_same_scores_give_is_not_widened():
    """Rows, scores and labels with the same bits have the same accuracy on every architecture."""
    actual, wide = elsewhere("aarch64"), {SELECTED: 1e-3, "default": 1e-3}
    rules = settings().auto.model_copy(update={"architectures": wide})
    given, both = settings().model_copy(update={"auto": rules}), known(RECORD, actual)
    assert (
        automatic(given, RECORD, actual, ToleranceRequest(noise=None, known=both), MEANING)
        .of("metrics.test.brier")
        .absolute
        == 1e-6
    )
    assert (
        automatic(given, RECORD, actual, ToleranceRequest(noise=None, known=both), MEANING)
        .of("predictions")
        .absolute
        == 1e-3
    )

    moved = altered(actual, stages=well_forged(actual, scores="o/v1:0").stages)
    assert (
        automatic(given, RECORD, moved, ToleranceRequest(noise=None, known=both), MEANING)
        .of("metrics.test.brier")
        .absolute
        == 1e-3
    )


@pytest.mark.parametrize("machine", ["AMD64", "x86_64"])
def test_one_architecture_has_several_names(machine):
    """Windows says AMD64: that is no reason for a wider tolerance."""
    limits = automatic(
        settings(),
        RECORD,
        elsewhere(machine),
        ToleranceRequest(noise=noise({"predictions": 1e-12})),
        MEANING,
    )

    assert limits.basis.startswith("10 times")


@pytest.mark.parametrize("change", ["fingerprint", "libc_version", "libc", "bits", "lock", "both"])
def test_an_architecture_with_a_fingerprint_that_is_not_known_allows_nothing(change):
    """A record's class, C library, lock and fingerprint must be one line of the file."""
    actual = elsewhere("aarch64")
    environment, lines = actual.environment, known(RECORD, actual)
    if change == "fingerprint":
        groups = environment.fingerprint.groups | {"libm": "kernels/v1:made-up"}
        update = {"fingerprint": Fingerprint.over(groups)}
    elif change.startswith("libc"):
        update = {"platform": environment.platform.model_copy(update={change: "2.99"})}
    elif change == "both":
        lines, update = NOTHING_KNOWN, {}
    else:
        update = {change: "0" * 64}
    claimed = actual.model_copy(update={"environment": environment.model_copy(update=update)})

    with pytest.raises(PreconditionError, match=r"reference/fingerprints\.json does not have"):
        automatic(settings(), RECORD, claimed, ToleranceRequest(noise=None, known=lines), MEANING)
    with pytest.raises(PreconditionError, match="so that architecture allows no difference"):
        automatic(settings(), claimed, RECORD, ToleranceRequest(noise=None, known=lines), MEANING)
    spread = noise({"predictions": 1e-12})
    narrow = automatic(
        settings(), claimed, RECORD, ToleranceRequest(noise=spread, known=lines), MEANING
    )
    assert narrow.of("predictions").absolute == 10 * 1e-12


def test_a_fingerprint_that_is_not_that_of_its_groups_is_not_known():
    """The digest alone can be copied from the file."""
    actual = elsewhere("aarch64")
    copied = actual.environment.fingerprint.model_copy(update={"groups": {"libm": "kernels/v1:0"}})
    environment = actual.environment.model_copy(update={"fingerprint": copied})

    assert known(actual).has(actual.environment)
    assert not known(actual).has(environment)


def test_known_fingerprints_are_read_back(tmp_path):
    """In one order, each once; a project without the file knows none."""
    both = known(RECORD).plus(known(elsewhere("aarch64"), RECORD))
    assert read_known(tmp_path) == NOTHING_KNOWN

    file = tmp_path / "reference" / "fingerprints.json"
    environments = [each.environment for each in (RECORD, elsewhere("aarch64"))]
    assert [remember(file, environments[:1]), remember(file, environments)] == [1, 1]
    assert read_known(tmp_path) == both
    assert [line.architecture for line in both.known] == ["aarch64", "x86_64"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"schema": "repro.fingerprints/v1", "known": [NaN]}', b"\xff", None]
)
def test_a_damaged_file_of_fingerprints_is_refused_before_any_training(tmp_path, content):
    """By its name; and where it cannot be written, as a folder."""
    file = tmp_path / "reference" / "fingerprints.json"
    file.parent.mkdir()
    file.write_bytes(content) if content is not None else file.mkdir()

    for read in (lambda: read_known(tmp_path), lambda: check_file(file)):
        with pytest.raises(ReproError, match=r"fingerprints\.json"):
            read()
    assert content is None or file.read_bytes() == content


def test_an_architecture_that_no_fingerprint_shows_is_not_believed():
    """Anybody can write another machine's name into a record."""
    claimed = elsewhere("aarch64", fingerprint=False)

    with pytest.raises(
        PreconditionError, match="the noise between the two machines was not measured"
    ):
        automatic(settings(), RECORD, claimed, ToleranceRequest(noise=None), MEANING)
    with pytest.raises(PreconditionError, match="measured on x86_64, but the record is from aarch"):
        automatic(
            settings(),
            RECORD,
            claimed,
            ToleranceRequest(noise=noise({"predictions": 1e-12})),
            MEANING,
        )


@pytest.mark.parametrize("width", [0.0011, 0.09, 1e9, 1e308])
def test_a_spread_beyond_the_limit_is_never_a_tolerance(width):
    """Whatever the file itself says of it: the limit is the project's, the sizes the record's."""
    spreads = {"predictions": width, "metrics.test.brier": 1e-12}
    wide = settings(families={SELECTED: 1e-5})
    limits = automatic(wide, RECORD, elsewhere(), ToleranceRequest(noise=noise(spreads)), MEANING)

    assert limits.of("predictions").absolute == 1e-5
    assert limits.basis.startswith("as configured, since the model is numerically unstable")


def test_noise_that_says_nothing_of_a_record_is_refused():
    """Of another experiment, or of one class of code paths, whatever it claims to have."""
    with pytest.raises(PreconditionError, match="a different experiment or seed"):
        check_noise(noise({}, strict_key="strict/v1:0"), RECORD)
    with pytest.raises(PreconditionError, match="the same fingerprint"):
        check_noise(noise({}, prints=("a", "a", "")), RECORD)
    asked = ToleranceRequest(auto=True, noise=noise({}, strict_key="strict/v1:0"))
    with pytest.raises(PreconditionError, match="a different experiment or seed"):
        informed(None, asked, RECORD)


def test_noise_that_was_edited_is_refused(tmp_path):
    """By its digest."""
    path = tmp_path / "noise.json"
    measured = noise({"predictions": 1e-12})
    path.write_bytes(dump_record(measured))
    assert read_noise(path) == measured

    path.write_bytes(path.read_bytes().replace(b"1e-12", b"1e-4"))
    with pytest.raises(PreconditionError, match="edited since it was measured"):
        read_noise(path)


@pytest.mark.parametrize("asked", [ToleranceRequest(tolerance=EXACT), ToleranceRequest(auto=True)])
def test_who_asks_for_the_same_bits_gets_them_or_a_finding(asked):
    """Equal numbers are not enough where a stage has other bits."""
    *others, last = RECORD.stages.stages
    changed = last.model_copy(update={"outputs": dict.fromkeys(last.outputs, "other/v1:0")})
    stages = RECORD.stages.model_copy(update={"stages": (*others, changed)})
    actual = altered(RECORD, stages=stages)
    found = assess(settings(), RECORD, actual, asked, MEANING)

    assert (found.verdict, found.holds) == ("equivalent", False)
    assert found.finding


@pytest.mark.parametrize("change", [{"margin": None}, {"scores": ()}])
def test_a_flip_without_a_margin_is_no_tie(change):
    """Nothing says that it was near."""

    def record(label):
        row = RECORD.predictions.rows[0].model_copy(update={"label": label, **change})
        rows = (row, *RECORD.predictions.rows[1:])
        predictions = RECORD.predictions.model_copy(update={"rows": rows})
        changed = altered(RECORD, predictions=predictions)
        return well_forged(changed, labels=f"array/v1:{label}", scores=f"array/v1:{label}")

    found = assess(settings(), record("bad"), record("good"), ToleranceRequest(), MEANING)

    assert (found.verdict, found.worst) == ("different", None)
    *outputs, check = [check for check in found.checks if check.outcome is not Outcome.SAME]
    assert {output.name for output in outputs} == {"stages.predict.labels", "stages.predict.scores"}
    assert "bad became good, margin unknown" in check.detail


def test_numbers_at_the_ends_of_the_scale_are_compared():
    """Their difference is no finite number."""

    def record(value):
        test = RECORD.metrics.test
        test = test | {"brier": test["brier"].model_copy(update={"value": value})}
        metrics = RECORD.metrics.model_copy(update={"test": test})
        return altered(RECORD, metrics=metrics)

    found = assess(settings(), record(1.7e308), record(-1.7e308), ToleranceRequest(), MEANING)

    assert found.verdict == "different"
    assert found.worst.relative == 2.0


def test_a_small_target_does_not_fit_into_the_tolerance():
    """What is absolute is in units of its spread, whoever says it: else any prediction would do."""

    def record(score, spread):
        metrics = RECORD.metrics.model_copy(update={"constant": {"rmse": spread}})
        changes = {"truth": 3e-7, "label": score, "scores": (), "margin": None}
        rows = tuple(p.model_copy(update=changes) for p in RECORD.predictions.rows)
        predictions = RECORD.predictions.model_copy(update={"rows": rows})
        changed = altered(RECORD, predictions=predictions, metrics=metrics)
        return well_forged(changed, labels=f"array/v1:{score}", scores=f"array/v1:{score}")

    def verdict(spread, score=0.0, asked=None):
        return assess(
            settings(),
            record(3e-7, spread),
            record(score, spread),
            asked or ToleranceRequest(),
            MEANING,
        ).verdict

    assert (verdict(2.0), verdict(1e-7)) == ("equivalent", "different")
    assert verdict(1e-7, asked=ToleranceRequest(tolerance=Tolerance.both(1e-6))) == "different"
    assert verdict(1e-7, score=3e-7 + 1e-14) == "equivalent"
