"""Gates on paired effects: the bootstrap, its coverage, and what is never a pass."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn import metrics as sk

from repro.config.data import Task
from repro.config.gates import parse_gates
from repro.config.named_metrics import MatthewsCorrcoef, QuantileCoverage
from repro.core.gate import GateOutcome
from repro.training.gating import (
    Effect,
    Resampling,
    decided,
    least_rows,
    paired_effects,
    resamples_for,
)
from repro.training.measures import Evaluated, load_measures
from repro.training.scoring import Outcome, Scores

BINARY = Outcome(Task.BINARY, ("no", "yes"), "yes")
NUMBERS = Outcome(Task.REGRESSION, (), None)
USUAL = Resampling(level=0.95, resamples=60, seed=3)


def rows_of(truth, scores, weights=None, kind="probability"):
    """A side of a binary task by its scores, with labels by the even odds."""
    labels = np.where(scores >= 0.5, "yes", "no")
    return Evaluated(truth, labels, Scores(scores.reshape(-1, 1), kind), BINARY, weights)


def numbers_of(truth, guess):
    return Evaluated(truth, guess, Scores(guess.reshape(-1, 1), "value"), NUMBERS)


def effect_of(name, base, candidate, resampling=USUAL, groups=None, declared=()):
    measures = load_measures(base.outcome.task, declared, weighted=base.weights is not None)
    return paired_effects(base, candidate, [measures.named(name)], resampling, groups)[name]


def outcome(gate, effect):
    (parsed,) = parse_gates([gate])
    return decided(parsed, effect).outcome


def sample(number=0, size=80):
    draw = np.random.default_rng(number)
    truth = np.where(draw.random(size) < 0.4, "yes", "no")
    shift = 0.3 * (truth == "yes")
    return truth, *(np.clip(s * shift + draw.random(size) * 0.7, 0, 1) for s in (0.8, 1))


PLAIN = {
    "roc_auc": (lambda t, s, w: sk.roc_auc_score(t == "yes", s, sample_weight=w), 1),
    "log_loss": (lambda t, s, w: sk.log_loss(t == "yes", s, sample_weight=w), -1),
    "accuracy": (
        lambda t, s, w: sk.accuracy_score(t, np.where(s >= 0.5, "yes", "no"), sample_weight=w),
        1,
    ),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", PLAIN)
def test_it_is_the_paired_bootstrap_of_plain_loops(name, grouped, weighted):
    """Both sides on the same rows of each resample; a loss that falls is an improvement."""
    truth, base, candidate = sample()
    weights = np.random.default_rng(1).integers(1, 5, len(truth)) / 4 if weighted else None
    groups = np.arange(len(truth)) // 4 if grouped else None
    found = effect_of(
        name, rows_of(truth, base, weights), rows_of(truth, candidate, weights), groups=groups
    )

    metric, sign = PLAIN[name]
    stream = np.random.RandomState(USUAL.seed)
    if grouped:
        kinds = [frozenset(truth[groups == g]) for g in range(groups.max() + 1)]
        # In the order of (has no, has yes).
        order = sorted(set(kinds), key=lambda kind: ("no" in kind, "yes" in kind))
        strata = [np.array([g for g, k in enumerate(kinds) if k == kind]) for kind in order]
    else:
        strata = [np.flatnonzero(truth == label) for label in ("no", "yes")]
    drawn = [s[stream.randint(0, len(s), (USUAL.resamples, len(s)))] for s in strata]

    def effect(chosen):
        by = None if weights is None else weights[chosen]
        values = (metric(truth[chosen], each[chosen], by) for each in (base, candidate))
        return sign * -np.subtract(*values)

    every = []
    for number in range(USUAL.resamples):
        units = np.concatenate([d[number] for d in drawn])
        rows = np.concatenate([np.flatnonzero(groups == g) for g in units]) if grouped else units
        every.append(effect(rows))
    assert found.value == pytest.approx(effect(np.arange(len(truth))), abs=1e-12)
    np.testing.assert_allclose(
        (found.low, found.high), np.quantile(every, [0.025, 0.975]), rtol=1e-9, atol=1e-12
    )


def binormal_loss(shift):
    """The expected log loss of calibrated odds between two normals, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    losses = np.log1p(np.exp(-shift * (nodes + shift / 2)))
    return float((weights * losses).sum() / math.sqrt(2 * math.pi))


LEVEL, PAIRS, SIZE = 0.9, 500, 160
SHIFTS = (1.0, 1.3)


def normal_pair(draw, kind):
    """Scores of two correlated models whose classes are normals, SHIFTS apart."""
    truth = np.repeat(["no", "yes"], SIZE // 2)
    side = np.where(truth == "yes", 0.5, -0.5)
    common, sides = draw.normal(size=SIZE), []
    for shift in SHIFTS:
        score = shift * side + math.sqrt(0.7) * common + math.sqrt(0.3) * draw.normal(size=SIZE)
        sides.append(rows_of(truth, 1 / (1 + np.exp(-shift * score)), kind=kind))
    return sides


def accurate_pair(draw):
    """Labels that are right in 75 and in 80 of 100 rows of each class."""
    truth = np.repeat(["no", "yes"], SIZE // 2)
    common, sides = draw.random(SIZE), []
    for share in (0.75, 0.8):
        right = np.where(draw.random(SIZE) < 0.5, common, draw.random(SIZE)) < share
        sides.append(rows_of(truth, np.where(right == (truth == "yes"), 0.9, 0.1)))
    return sides


def number_pair(draw):
    """Errors whose root mean squares are 1.2 and 1."""
    truth, common = draw.normal(size=SIZE), draw.normal(size=SIZE)
    errors = (0.8 * common + 0.6 * draw.normal(size=SIZE) for _ in range(2))
    return [numbers_of(truth, truth + scale * e) for scale, e in zip((1.2, 1), errors, strict=True)]


KNOWN = {
    "roc_auc": (
        lambda draw: normal_pair(draw, "decision"),
        float(np.diff(norm.cdf(np.array(SHIFTS) / math.sqrt(2)))[0]),
    ),
    "log_loss": (
        lambda draw: normal_pair(draw, "probability"),
        binormal_loss(SHIFTS[0]) - binormal_loss(SHIFTS[1]),
    ),
    "accuracy": (accurate_pair, 0.05),
    "rmse": (number_pair, 0.2),
}


@pytest.mark.parametrize("name", KNOWN)
def test_an_interval_covers_a_known_effect_as_often_as_it_says(name):
    """In 500 pairs of known distributions, within three standard errors."""
    make, truth = KNOWN[name]
    draw, covered = np.random.default_rng(7), 0
    for number in range(PAIRS):
        found = effect_of(name, *make(draw), Resampling(LEVEL, resamples_for(LEVEL), number))
        covered += found.low <= truth <= found.high

    assert abs(covered / PAIRS - LEVEL) <= 3 * math.sqrt(LEVEL * (1 - LEVEL) / PAIRS)


@pytest.mark.parametrize(
    ("gate", "low", "high", "expected"),
    [
        ("roc_auc better", 0.001, 0.1, "passed"),
        ("roc_auc better", 0.0, 0.1, "undecided"),
        ("roc_auc better", -0.1, 0.1, "undecided"),
        ("roc_auc better", -0.1, 0.0, "failed"),
        ("roc_auc better", 0.0, 0.0, "failed"),
        ("roc_auc no-worse 0", 0.0, 0.0, "passed"),
        ("roc_auc no-worse 0", -1e-300, 0.1, "undecided"),
        ("roc_auc no-worse 0.02", -0.02, 0.1, "passed"),
        ("roc_auc no-worse 0.02", -0.03, 0.1, "undecided"),
        ("roc_auc no-worse 0.02", -0.03, -0.02, "undecided"),
        ("roc_auc no-worse 0.02", -0.05, -0.03, "failed"),
    ],
)
def test_the_interval_decides(gate, low, high, expected):
    assert outcome(gate, Effect(0.5, 0.6, (low + high) / 2, low, high)) == expected


def test_no_interval_never_passes():
    found = decided(parse_gates(["roc_auc no-worse 1"])[0], Effect(undefined="nothing to see"))

    assert (found.outcome, found.sentence) == ("undecided", "cannot be decided: nothing to see")


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        ([], "no held-out row"),
        (["yes"] * 40, "same true value"),
        (["yes", "no"] * 2, "has 2 held-out rows, and a level of 0.95 needs 6"),
        (["yes"] * 5 + ["no"] * 40, "the class 'yes' has 5 held-out rows"),
    ],
)
def test_too_few_rows_decide_nothing(truth, words):
    """Although the candidate is right in every row, and the base in none."""
    truth = np.array(truth, dtype=str)
    right = (truth == "yes").astype(float)
    found = effect_of("roc_auc", rows_of(truth, 1 - right), rows_of(truth, right))

    assert words in found.undefined
    assert outcome("roc_auc better", found) is GateOutcome.UNDECIDED
    assert outcome("roc_auc no-worse 0.5", found) is GateOutcome.UNDECIDED


def confident(truth, flip=0, shift=0.0):
    """Scores on the right side of even odds, but for the first rows."""
    scores = np.where(truth == "yes", 0.9 - shift, 0.1 + shift)
    scores[:flip] = 1 - scores[:flip]
    return scores


@pytest.mark.parametrize(
    ("size", "expected"), [(30, "undecided"), (300, "undecided"), (400, "passed")]
)
def test_rows_that_all_agree_are_as_certain_as_there_are_many(size, expected):
    """No label differs, and the scores do: more rows would show how many labels differ."""
    truth = np.array(["yes", "no"] * (size // 2))
    base, candidate = confident(truth, flip=3), confident(truth, flip=3, shift=0.1)
    found = effect_of("accuracy", rows_of(truth, base), rows_of(truth, candidate))

    assert (found.value, found.high) == (0.0, -found.low)
    # The chance of no differing row among n, if such a share of all rows differs.
    assert (1 - found.high) ** size == pytest.approx(0.025)
    assert outcome("accuracy no-worse 0.01", found) == expected
    assert outcome("accuracy better", found) is GateOutcome.UNDECIDED


def test_a_metric_of_classes_is_as_certain_as_its_rarest_one():
    truth = np.array(["yes"] * 10 + ["no"] * 90)
    base, candidate = confident(truth), confident(truth, shift=0.1)
    found = effect_of("roc_auc", rows_of(truth, base), rows_of(truth, candidate))

    assert (1 - found.high) ** 10 == pytest.approx(0.025)


def test_equal_predictions_have_an_effect_of_exactly_nothing():
    """Also where a different processor has changed the last bits."""
    truth, base, _ = sample()
    for other in (base.copy(), base * (1 - 1e-12)):
        found = effect_of("accuracy", rows_of(truth, base), rows_of(truth, other))
        assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_metric_that_is_no_share_is_not_decided_without_spread():
    truth = np.array(["yes", "no"] * 20)
    base, candidate = confident(truth, flip=3), confident(truth, flip=3, shift=0.1)
    declared = [MatthewsCorrcoef(name="matthews_corrcoef")]
    found = effect_of(
        "matthews_corrcoef", rows_of(truth, base), rows_of(truth, candidate), declared=declared
    )

    assert found.undefined == "no resample of these rows differs"
    assert outcome("matthews_corrcoef no-worse 1", found) is GateOutcome.UNDECIDED


def test_a_small_class_matters_only_where_the_metric_gives_it_weight():
    truth = np.array(["yes"] * 2 + ["no"] * 40)
    draw = np.random.default_rng(0)
    base, candidate = (rows_of(truth, draw.random(42)) for _ in range(2))

    assert effect_of("accuracy", base, candidate).undefined == ""
    assert "class 'yes'" in effect_of("balanced_accuracy", base, candidate).undefined


def test_groups_count_and_not_their_rows():
    truth = np.array(["yes", "no"] * 30)
    right = (truth == "yes").astype(float)
    groups = np.arange(60) // 20
    found = effect_of("accuracy", rows_of(truth, 1 - right), rows_of(truth, right), groups=groups)

    assert found.undefined == "there are 3 held-out groups, and a level of 0.95 needs 6"


def test_a_constant_target_of_numbers_decides_nothing():
    """Its r2 is a number by convention alone."""
    truth, draw = np.full(40, 3.0), np.random.default_rng(0)
    sides = (numbers_of(truth, draw.normal(size=40)) for _ in range(2))

    assert "same true value" in effect_of("r2", *sides).undefined


def test_what_is_not_finite_decides_nothing():
    """Squares of great errors overflow."""
    truth = np.linspace(0, 1, 40)
    with np.errstate(over="ignore", invalid="ignore"):
        found = effect_of("rmse", numbers_of(truth, truth + 1e200), numbers_of(truth, truth))

    assert "not a finite number" in found.undefined


def test_rows_of_no_weight_count_for_nothing():
    truth, base, candidate = sample()
    weights = np.where(np.arange(len(truth)) < 4, 1.0, 0.0)
    sides = (rows_of(truth, each, weights) for each in (base, candidate))

    assert "there are 4 held-out rows" in effect_of("accuracy", *sides).undefined


def test_a_metric_with_a_best_value_is_better_where_it_is_nearer():
    """A coverage beyond its quantile is as bad as one below it."""
    truth = np.linspace(0, 1, 100)
    declared = [QuantileCoverage(name="quantile_coverage", quantile=0.5)]
    near, far = (numbers_of(truth, np.full(100, share)) for share in (0.55, 0.85))
    found = effect_of("quantile_coverage_0_5", far, near, declared=declared)

    assert found.value == pytest.approx(0.3)
    assert (found.base, found.candidate) == (0.85, 0.55)
    assert outcome("quantile_coverage_0_5 better", found) == "passed"


def test_sides_that_change_places_have_the_opposite_effect():
    truth, base, candidate = sample()
    there = effect_of("roc_auc", rows_of(truth, base), rows_of(truth, candidate))
    back = effect_of("roc_auc", rows_of(truth, candidate), rows_of(truth, base))

    assert (there.value, there.low, there.high) == pytest.approx(
        (-back.value, -back.high, -back.low), abs=1e-15
    )
    assert there == effect_of("roc_auc", rows_of(truth, base), rows_of(truth, candidate))


def test_numbers_of_rows_and_resamples_follow_from_the_level():
    """Six rows that agree have a chance of 1 in 32 under no difference, and five one of 1 in 16."""
    assert [2.0 ** (1 - n) <= 0.05 for n in (5, 6)] == [False, True]
    assert [least_rows(level) for level in (0.5, 0.9, 0.95, 0.99)] == [2, 5, 6, 8]
    assert [resamples_for(level) for level in (0.5, 0.9, 0.95, 0.99)] == [100, 500, 1000, 5000]
