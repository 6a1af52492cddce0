"""How far metrics spread over replicates: bands by their bootstrap interval, one seed by itself."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.core.stability import Band
from repro.divergence.stability import Bands, Measured, Replicate, judge_group, spread_of

BANDS = Bands(drifting=0.25, diverged=1.0)


def run(seed, width=0.5, environment="environment/v1:1", bits=(), **values):
    test = {name: Measured(value, 0.0, width) for name, value in values.items()}
    return Replicate(seed, f"strict/v1:{seed}", environment, "knn", test, bits)


def judged(*runs):
    return judge_group("group", "replicate/v1:1", runs, BANDS)


@pytest.mark.parametrize(
    ("values", "band"),
    [
        ((0.5, 0.5), Band.STABLE),
        ((0.5, 0.625), Band.STABLE),  # a quarter of the interval: at the limit
        ((0.5, 0.6250001), Band.DRIFTING),
        ((0.25, 0.75), Band.DRIFTING),  # the whole interval: at the limit
        ((0.25, 0.5, 0.7500001), Band.DIVERGED),
    ],
)
def test_the_ratio_of_spread_to_interval_decides(values, band):
    """At a limit the better band holds."""
    found = judged(*(run(seed, accuracy=value) for seed, value in enumerate(values)))

    assert found.band is band
    assert found.metrics["accuracy"].ratio == (max(values) - min(values)) / 0.5


@pytest.mark.parametrize("spread", [2.0**-52, 0.125])
def test_runs_of_one_seed_in_one_environment_must_not_differ_at_all(spread):
    """However little it is against the interval."""
    found = judged(run(1, accuracy=0.5), run(1, accuracy=0.5 + spread), run(2, accuracy=0.5))

    told = f"runs of one seed in one environment do not agree: seed 1 by {spread:.3g} in accuracy"
    assert (found.band, found.sentence) == (Band.DIVERGED, told)
    assert found.metrics["accuracy"].repeated == {"1": spread}


def test_another_environment_may_move_a_seed_as_another_seed_may():
    """By its last bits: whether that is within the tolerance is what compare tells."""
    there = run(1, environment="environment/v1:2", accuracy=0.5 + 2.0**-52)
    found = judged(run(1, accuracy=0.5), there)

    assert (found.band, found.metrics["accuracy"].repeated) == (Band.STABLE, {})


def test_the_worst_metric_names_the_group():
    """And it is named."""
    found = judged(run(1, accuracy=0.5, f1=0.5), run(2, accuracy=0.5, f1=0.75))

    assert (found.band, found.sentence) == (Band.DRIFTING, "f1 drifts")
    assert found.metrics["accuracy"].band is Band.STABLE


def test_one_run_is_compared_with_nothing():
    """It has no band, so that nobody takes it for a pass."""
    found = judged(run(1, accuracy=0.5))

    assert (found.band, found.sentence) == (None, "one run: nothing to compare")


def test_a_metric_of_one_run_has_no_band():
    """The others are judged without it."""
    found = judged(run(1, accuracy=0.5, f1=0.5), run(2, accuracy=0.5))

    assert (found.band, found.metrics["f1"].band) == (Band.STABLE, None)


def test_an_interval_without_width_leaves_nothing_open():
    """Any spread is beyond it, and none is not."""
    apart = judged(run(1, 0.0, accuracy=0.5), run(2, 0.0, accuracy=0.6))
    same = judged(run(1, 0.0, accuracy=0.5), run(2, 0.0, accuracy=0.5))

    assert (apart.band, apart.metrics["accuracy"].ratio) == (Band.DIVERGED, None)
    assert (same.band, same.metrics["accuracy"].ratio) == (Band.STABLE, 0.0)


@pytest.mark.parametrize("width", [0.0, -0.5, -1e9])
def test_an_inverted_interval_never_hides_a_spread(width):
    """A ratio below zero would be below every limit."""
    found = judged(run(1, width, accuracy=0.25), run(2, width, accuracy=0.75))

    assert (found.band, found.metrics["accuracy"].ratio) == (Band.DIVERGED, None)


def test_runs_of_one_seed_whose_stages_differ_have_diverged():
    """Where no metric shows it; in another environment other bits are no finding."""
    ours, other = run(1, bits=("a",), accuracy=0.5), run(1, bits=("b",), accuracy=0.5)
    there = run(1, bits=("b",), environment="environment/v1:2", accuracy=0.5)
    found, across = judged(ours, other, run(2, accuracy=0.5)), judged(ours, there)

    assert (found.band, found.apart) == (Band.DIVERGED, (1,))
    assert found.sentence == (
        "runs of one seed in one environment do not agree: seed 1 in bits that move no metric"
    )
    assert (across.band, across.apart) == (Band.STABLE, ())


def test_one_seed_says_nothing_of_seeds():
    """Nor does its sentence."""
    one = judged(run(1, accuracy=0.5), run(1, accuracy=0.5))
    two = judged(run(1, accuracy=0.5), run(2, accuracy=0.5))

    assert one.sentence == "runs of one seed move no metric beyond the limit"
    assert two.sentence == "seeds move no metric beyond the limit"


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.randoms())
def test_the_order_of_runs_does_not_count(values, random):
    """A group is a set of runs."""
    runs = [run(seed, accuracy=value) for seed, value in enumerate(values)]
    shuffled = random.sample(runs, len(runs))

    assert judged(*shuffled) == judged(*runs)


ENVIRONMENTS = st.sampled_from(["environment/v1:1", "environment/v1:2"])
RUNS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0.25, 0.5, 0.75]), ENVIRONMENTS),
    min_size=1,
    max_size=8,
)


@given(drawn=RUNS)
def test_the_spread_of_a_group_is_that_of_its_runs(drawn):
    """Mean and deviation over seeds, the newest of each, which comes first; the range over all."""
    found = spread_of(
        "group",
        "replicate/v1:1",
        [run(seed, accuracy=value, environment=e, bits=(str(value),)) for seed, value, e in drawn],
    )
    spread = found.metrics["accuracy"]
    frame = pd.DataFrame(drawn, columns=["seed", "value", "environment"])
    newest = frame.drop_duplicates("seed").value
    same = frame.groupby(["seed", "environment"]).value
    apart = same.nunique()[lambda count: count > 1].reset_index().seed

    assert spread.mean == pytest.approx(newest.mean(), rel=1e-12)
    assert spread.std == pytest.approx(newest.std() if len(newest) > 1 else 0.0, abs=1e-12)
    assert (spread.low, spread.high) == (frame.value.min(), frame.value.max())
    assert spread.within == (frame.value.max() - frame.value.min() <= 0.5)
    assert found.seeds == tuple(sorted(frame.seed.unique()))
    assert found.apart == tuple(sorted(apart.unique()))
    assert found.reproduced == (not len(apart) if (same.size() > 1).any() else None)


@given(drawn=RUNS)
def test_the_judged_group_has_the_spread_of_the_listed_one(drawn):
    """Both come from one measurement."""
    runs = [run(seed, accuracy=value, environment=e) for seed, value, e in drawn]
    listed = spread_of("group", "replicate/v1:1", runs).metrics["accuracy"]
    found = judged(*runs).metrics["accuracy"]

    for name in ("runs", "low", "high", "spread", "interval", "repeated"):
        assert getattr(found, name) == getattr(listed, name)
