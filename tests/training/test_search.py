"""A search is that of plain scikit-learn, by training rows alone, for any number of workers."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics, model_selection, svm
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.training import in_process, searching
from tests.training.searching import RANDOM, SEEN, SPACE, settings, table, trained

from repro.config.data import Task
from repro.core.errors import ConfigError, DataError
from repro.core.evidence import evidence_of
from repro.core.record import search_of
from repro.divergence.compare import first_trial
from repro.divergence.consistency import Results, find_inconsistency
from repro.divergence.numbers import check_evidence
from repro.divergence.tolerance import EXACT, Limits
from repro.seeding import derive
from repro.store.unfinished import Unfinished, unfinished_folder
from repro.training.declarations import MEANING
from repro.training.parallel import nothing_to_check
from repro.training.searching.bench import order_of
from repro.training.stages import train

GRID = {"kind": "grid", "folds": 3, "space": {"C": [0.1, 1.0, 10.0], "kernel": ["linear", "rbf"]}}
OPTUNA = {"kind": "optuna", "trials": 12, "folds": 2, "batch": 4, "startup": 4, "space": SPACE}
HALVING = {
    "kind": "halving", "trials": 9, "folds": 3, "factor": 3, "resource": "rows", "minimum": 6,
    "space": SPACE,
}  # fmt: skip
RECORDER = "tests.training.searching:Recorder"
DEPTHS = {"max_depth": [1, 2, 3], "min_samples_leaf": [1, 5]}
UNSCALED = {"numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "none"}}


def training_rows(target):
    seed = derive(42, "split", "rows")
    rows, _ = model_selection.train_test_split(
        np.arange(len(target)), test_size=0.25, stratify=target, random_state=seed
    )
    return np.sort(rows)


@pytest.mark.parametrize(("metric", "scoring"), [("accuracy", "accuracy"), ("roc_auc", "roc_auc")])
def test_a_grid_is_that_of_scikit_learn(metric, scoring):
    """The same score of each point in each fold, and the same choice."""
    frame, target = table()
    rows = training_rows(target)
    seed = derive(42, "search", "svm", "rows")
    folds = model_selection.StratifiedKFold(3, shuffle=True, random_state=seed)
    points = {f"svc__{name}": values for name, values in GRID["space"].items()}
    search = model_selection.GridSearchCV(
        make_pipeline(StandardScaler(), svm.SVC()), points, cv=folds, scoring=scoring
    ).fit(frame.iloc[rows], target[rows] == "yes")

    made = trained(GRID, selection={"metric": metric, "folds": 2})

    trials = made.search.families["svm"].trials
    columns = [search.cv_results_[f"split{fold}_test_score"] for fold in range(3)]
    assert [t.params for t in trials] == [
        {name.removeprefix("svc__"): value for name, value in point.items()}
        for point in search.cv_results_["params"]
    ]
    assert np.array([t.folds for t in trials]) == pytest.approx(np.array(columns).T)
    assert made.search.families["svm"].chosen == search.best_index_
    assert made.models["svm"].params == made.search.families["svm"].best.params


def test_the_chosen_parameters_are_fitted_and_a_tie_is_won_by_the_lowest_number():
    """Two points that score alike, in either order."""
    for kernels in (["linear", "rbf"], ["rbf", "linear"]):
        tied = {"kind": "grid", "folds": 3, "space": {"tol": [1e-4, 1e-5], "kernel": kernels}}
        made = trained(tied)
        search = made.search.families["svm"]
        alike = [trial.number for trial in search.trials if trial.mean == search.best.mean]

        assert len(alike) > 1
        assert search.chosen == min(alike)
        assert made.model[-1].kernel == search.best.params["kernel"]
        assert search.ranked[0] == search.best


def test_sixty_trials_are_the_same_for_one_worker_and_for_two():
    """Trials, scores, choice and every stage after them; those of Optuna too."""
    pytest.importorskip("optuna")
    frame, target = table()
    models = {
        "svm": searching.family(RANDOM | {"trials": 60}),
        "proposed": searching.family(OPTUNA),
    }
    made = [
        in_process.run(
            in_process.config(
                Task.BINARY, "yes", models, **searching.SECTIONS, execution={"workers": workers}
            ),
            frame,
            target,
        )
        for workers in (1, 2)
    ]

    assert len(made[0].search.families["svm"].trials) == 60
    assert searching.found(made[0]) == searching.found(made[1])
    assert made[0].stages == made[1].stages


class Killed(BaseException):
    """Ends a training, whatever catches errors."""


class Interrupted(Unfinished):
    """Keeps some scores, and then ends the training."""

    left = 0

    def put(self, task, score):
        super().put(task, score)
        self.left -= 1
        if not self.left:
            raise Killed


def resumed(config, finished):
    frame, target = table()
    return train(
        config, frame, target, list(frame), in_process.Silent(), nothing_to_check,
        finished=finished,
    )  # fmt: skip


@pytest.mark.parametrize("search", [RANDOM, OPTUNA, HALVING], ids=lambda each: each["kind"])
def test_a_training_that_was_interrupted_goes_on_to_the_same_bits(search, tmp_path):
    """At several points, one after the other, in nested folds too."""
    if search["kind"] == "optuna":
        pytest.importorskip("optuna")
    nested = {} if search["kind"] != "random" else {"evaluation": {"nested": 2}}
    config = settings(search, **nested)
    whole = resumed(config, None)
    done = 0
    for count in (1, 9, 14):
        finished = Interrupted(tmp_path, "key/v1:" + "a" * 64)
        finished.left = count
        with pytest.raises(Killed):
            resumed(config, finished)
        done += count
        assert len(list(tmp_path.glob(".trials-*.partial/*.json"))) == done

    last = Unfinished(tmp_path, "key/v1:" + "a" * 64)
    again = resumed(config, last)

    assert last.found == done
    assert (again.stages, searching.found(again)) == (whole.stages, searching.found(whole))
    last.clear()
    assert not list(tmp_path.iterdir())


def test_kept_scores_of_other_work_and_damaged_ones_are_not_used(tmp_path):
    """A score is found by its key and its whole task, from a file that is as it was written."""
    key, task = "key/v1:" + "a" * 64, {"family": "svm", "trial": 3, "params": {"C": 1.0}, "fold": 0}
    kept = Unfinished(tmp_path, key)
    kept.put(task, 0.25)
    (path,) = unfinished_folder(tmp_path, key).iterdir()
    content = path.read_bytes()

    assert kept.get(task) == 0.25
    assert kept.get(task | {"params": {"C": 1}}) is None
    assert kept.get(task | {"trial": 4}) is None
    # The folder's name has the beginning of the key alone.
    assert Unfinished(tmp_path, "key/v1:" + "a" * 63 + "b").get(task) is None
    for damaged in (content[:-40], content.replace(b"0.25", b"0.75"), b"", b"\x80\x04K\x01."):
        path.write_bytes(damaged)
        assert kept.get(task) is None
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert kept.get(task) is None


def numbered(rows=90):
    """A table whose first column numbers its rows, and whose groups and times are known."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame({"row": np.arange(rows, dtype=float), "x": draw.normal(size=rows)})
    target = np.where(frame["x"] + draw.normal(size=rows) > 0, "yes", "no")
    columns = {
        "group": np.repeat(np.arange(rows // 3), 3).astype(float),
        "time": draw.permutation(rows).astype(float),
    }
    return frame, target, pd.DataFrame(columns)


def with_split(config, split):
    values = config.model_dump(mode="json", by_alias=True)
    return type(config).model_validate_json(json.dumps(values | {"split": split}))


def recorded(search, split, **sections):
    """Train by the estimator that notes its rows."""
    frame, target, columns = numbered()
    config = settings(
        search, RECORDER, {"max_depth": 2}, preprocessing=UNSCALED,
        security={"allowed_modules": ["sklearn", "tests"]}, **sections,
    )  # fmt: skip
    SEEN.clear()
    config = config if split is None else with_split(config, split)
    made = in_process.run(config, frame, target, ignored=columns)
    return made, list(SEEN), columns


SPLITS = {
    "stratified": None,
    "group": {"kind": "group", "by": "group", "test_size": 0.25, "limit": None},
    "time": {"kind": "time", "by": "time", "test_size": 0.25, "limit": None},
}


@pytest.mark.parametrize("kind", SPLITS)
def test_a_search_sees_training_rows_alone(kind):
    """No fit learns from, and none scores, a held-out row; folds keep groups and time apart."""
    made, fits, columns = recorded({"kind": "grid", "folds": 3, "space": DEPTHS}, SPLITS[kind])
    held_out = set(made.test_rows.tolist())
    trials = fits[: 6 * 3]

    assert len(made.search.families["svm"].trials) == 6
    for learned, scored in trials:
        assert learned
        assert scored
        assert not learned & scored
        assert not (learned | scored) & held_out
        if kind == "group":
            groups = columns["group"].to_numpy()
            assert not set(groups[list(learned)]) & set(groups[list(scored)])
        if kind == "time":
            times = columns["time"].to_numpy()
            assert times[list(learned)].max() < times[list(scored)].min()


def test_what_held_out_rows_hold_changes_no_trial():
    """Neither their features, through preprocessing, nor their true values."""
    frame, target = table()
    part = np.where(np.arange(len(target)) % 4 == 0, "test", "train")
    held_out = part == "test"
    planted, turned = frame.copy(), target.copy()
    planted.loc[held_out] = 1e6 * np.random.default_rng(1).normal(size=(held_out.sum(), 4))
    turned[held_out] = np.where(target[held_out] == "yes", "no", "yes")
    config = with_split(settings(RANDOM), {"kind": "predefined", "by": "part", "limit": None})
    parts = pd.DataFrame({"part": in_process.text(part)})

    first = in_process.run(config, frame, target, ignored=parts)
    second = in_process.run(config, planted, turned, ignored=parts)

    assert searching.found(first) == searching.found(second)
    assert first.metrics.test != second.metrics.test


def test_nested_folds_search_without_their_outer_fold():
    """Every fit of an outer fold's search learns from, and scores, other rows."""
    made, fits, _ = recorded(
        {"kind": "grid", "folds": 2, "space": DEPTHS}, None, evaluation={"nested": 3}
    )
    training = frozenset(range(90)) - set(made.test_rows.tolist())
    # Two folds of six trials, two of the cross-validation, and the fit of what was chosen.
    size = 6 * 2 + 2 + 1
    first = size
    for start in range(first, first + 3 * size, size):
        *inside, (last, outer) = fits[start : start + size]
        assert last | outer == training
        assert not last & outer
        assert len(inside) == size - 1
        for learned, scored in inside:
            assert learned | scored <= last


def test_on_pure_noise_the_best_trial_is_too_good_and_nested_folds_are_not():
    """Thirty trials find something in noise; the estimate of the procedure is a guess's."""
    draw = np.random.default_rng(10)
    frame = pd.DataFrame(draw.normal(size=(120, 4)), columns=list("abcd"))
    target = np.where(np.arange(120) % 2 == 0, "yes", "no")
    space = {
        "max_depth": {"low": 1, "high": 10},
        "min_samples_leaf": {"low": 1, "high": 20},
        "max_features": [1, 2, 3, 4],
    }
    search, tree = RANDOM | {"trials": 30, "space": space}, "sklearn.tree:DecisionTreeClassifier"
    made = in_process.run(settings(search, tree, evaluation={"nested": 3}), frame, target)

    best = made.search.families["svm"].best.mean
    nested = made.metrics.nested.metrics["accuracy"].mean
    # The spread of a mean of 90 fair coins is 0.053.
    assert best > 0.55
    assert abs(nested - 0.5) < 2 * 0.053
    assert nested < best


def test_halving_goes_on_with_the_best_by_more_rows():
    """A third of the trials each time; scores are those of plain fits on such rows."""
    made = trained(HALVING)
    search = made.search.families["svm"]
    rounds = {}
    for trial in search.trials:
        for each in (*(trial.earlier or ()), trial):
            rounds.setdefault(each.resource, {})[trial.number] = each.mean
    sizes = sorted(rounds)

    assert [len(rounds[size]) for size in sizes] == [9, 3, 1]
    assert sizes == [60 // 9, 60 // 3, 60]
    for less, more in itertools.pairwise(sizes):
        ranked = sorted(rounds[less], key=lambda number: (-rounds[less][number], number))
        assert set(rounds[more]) == set(ranked[: len(rounds[more])])
    assert search.best.resource == 60
    frame, target = table()
    rows = training_rows(target)
    seed = derive(42, "search", "svm", "rows")
    folds = model_selection.StratifiedKFold(3, shuffle=True, random_state=seed)
    for fold, (inside, outside) in enumerate(folds.split(rows, target[rows])):
        model = make_pipeline(StandardScaler(), svm.SVC(**search.best.params))
        model.fit(frame.iloc[rows[inside]], target[rows[inside]])
        labels = model.predict(frame.iloc[rows[outside]])
        expected = metrics.accuracy_score(target[rows[outside]], labels)
        assert search.best.folds[fold] == pytest.approx(expected)


def test_halving_by_a_parameter_gives_the_candidate_all_of_it():
    """The resource is no part of the space, and the chosen candidate has the most of it."""
    forest = "sklearn.ensemble:RandomForestClassifier"
    search = {
        "kind": "halving", "trials": 4, "folds": 2, "factor": 2, "resource": "n_estimators",
        "minimum": 2, "maximum": 8, "space": {"max_depth": [1, 2, 3, 4]},
    }  # fmt: skip
    frame, target = table(80)
    made = in_process.run(settings(search, forest), frame, target)

    assert made.models["svm"].params["n_estimators"] == 8
    assert len(made.model[-1].estimators_) == 8
    assert sorted({trial.resource for trial in made.search.families["svm"].trials}) == [2, 4, 8]


@pytest.mark.parametrize("size", [3, 10, 40])
def test_few_rows_have_the_classes_in_proportion(size):
    """Each beginning of the order has every class."""
    target = np.array(["a"] * 60 + ["b"] * 30 + ["c"] * 10)
    order = order_of(target, Task.MULTICLASS, 7)
    names, counts = np.unique(target[order[:size]], return_counts=True)

    assert sorted(order) == list(range(100))
    assert list(names) == ["a", "b", "c"]
    assert np.abs(counts - size * np.array([0.6, 0.3, 0.1])).max() <= 1
    assert set(order_of(np.arange(5.0), Task.REGRESSION, 1)) == set(range(5))


def test_a_search_of_a_regression_minimizes_where_less_is_better():
    """By weights of rows, which fits and metrics get."""
    draw = np.random.default_rng(2)
    frame = pd.DataFrame(draw.normal(size=(80, 3)), columns=list("abc"))
    target = frame["a"].to_numpy() + draw.normal(size=80)
    weights = pd.DataFrame({"w": draw.integers(1, 5, 80).astype(float)})
    search = {"kind": "grid", "folds": 3, "space": {"alpha": [1e-3, 1.0, 1e5]}}
    models = {"ridge": searching.family(search, "sklearn.linear_model:Ridge")}
    config = in_process.config(
        Task.REGRESSION, None, models, selection={"metric": "rmse", "folds": None},
        weights={"by": "w", "metrics": True},
    )  # fmt: skip
    made = in_process.run(config, frame, target, ignored=weights)

    found = made.search.families["ridge"]
    assert found.best.mean == min(trial.mean for trial in found.trials)
    assert found.best.params["alpha"] != 1e5
    assert made.metrics.cross_validation == {}


def test_a_trial_that_an_estimator_refuses_is_named_with_its_parameters():
    """Whatever the number of workers; the values may each be allowed alone."""
    path = "sklearn.linear_model:LogisticRegression"
    space = {"solver": ["lbfgs", "liblinear"], "dual": [False, True]}
    with pytest.raises(DataError, match=r'trial 2 \(dual=true, solver="lbfgs"\): .*refused to fit'):
        trained({"kind": "grid", "folds": 2, "space": space}, path=path)


def test_too_few_rows_for_its_folds_are_refused_with_its_key():
    """The rarest class decides."""
    frame, _ = table(40)
    rare = np.where(np.arange(40) < 8, "yes", "no")
    with pytest.raises(
        DataError, match=r"models.svm.search.folds: class 'yes' has 6 training rows"
    ):
        trained(RANDOM | {"folds": 9}, frame, rare)
    with pytest.raises(DataError, match=r"models.svm.search.minimum: 500 rows are more than"):
        trained(HALVING | {"minimum": 500})


def test_without_a_search_nothing_is_different():
    """No stage, no seed and no value of the configuration is there."""
    path = in_process.family(searching.SVC)
    config = in_process.config(Task.BINARY, "yes", {"svm": path}, **searching.SECTIONS)
    plain = in_process.run(config, *table())
    made = trained(RANDOM)
    before = [step.name for step in plain.stages.stages]

    assert [step.name for step in made.stages.stages if step.name not in before] == ["search"]
    assert plain.search is None
    assert plain.seeds.items() <= made.seeds.items()
    assert "search" not in config.model_dump(mode="json")["models"]["svm"]
    assert all(step.inputs.keys().isdisjoint({"trials"}) for step in plain.stages.stages)


def test_a_record_holds_every_trial_and_an_edit_is_found():
    """Evidence gives the same search back; a changed trial is not what the stage gave."""
    made = trained(HALVING)
    evidence = evidence_of(made.metrics, made.threshold, search=made.search)
    search = made.search.families["svm"]
    better = search.trials[4].model_copy(update={"mean": 0.99})
    trials = (*search.trials[:4], better, *search.trials[5:])
    families = {"svm": search.model_copy(update={"trials": trials})}
    edited = made.search.model_copy(update={"families": families})

    def flaw(search):
        results = Results(made.stages, made.metrics, made.threshold, search=search)
        return find_inconsistency(results, MEANING)

    assert search_of(evidence.facts, evidence.numbers) == made.search
    assert flaw(made.search) is None
    assert flaw(edited).name == flaw(None).name == "search"
    other = evidence_of(made.metrics, made.threshold, search=edited)
    checks = [c for c in check_evidence(evidence, other, Limits(EXACT)) if c.expected != c.actual]
    assert first_trial(checks) == (
        f"the first trial that differs is trial 4 of svm: mean, reference"
        f" {search.trials[4].mean}, this run 0.99"
    )
    with pytest.raises(ValueError, match=r"search\.svm is missing"):
        search_of({"search": ["svm"]}, {})


def test_only_one_of_the_candidates_may_have_a_search():
    """The other one stays as it is configured."""
    models = {
        "plain": in_process.family(searching.SVC, C=0.5),
        "svm": searching.family(GRID, C=0.5),
    }
    config = in_process.config(Task.BINARY, "yes", models, **searching.SECTIONS)
    made = in_process.run(config, *table())

    assert list(made.models) == ["plain", "svm"]
    assert made.models["plain"].params == {"C": 0.5}
    assert list(made.search.families) == ["svm"]


def test_parameters_inside_of_a_pipeline_are_searched():
    """By the names that scikit-learn has for them."""
    steps = [
        ["pca", {"class": "sklearn.decomposition:PCA", "params": {}}],
        ["svm", {"class": searching.SVC, "params": {"C": 1.0}}],
    ]
    search = {"kind": "grid", "folds": 2, "space": {"pca__n_components": [1, 3], "svm__C": [2.0]}}
    frame, target = table()
    config = settings(search, "sklearn.pipeline:Pipeline", {"steps": steps})
    made = in_process.run(config, frame, target)

    chosen = made.search.families["svm"].best.params
    assert made.model[-1]["pca"].n_components == chosen["pca__n_components"]
    assert made.model[-1]["svm"].C == 2.0


def test_a_space_inside_of_no_class_is_refused():
    """With the names that there are."""
    with pytest.raises(ConfigError, match="no parameter 'pca' has a class"):
        trained({"kind": "grid", "folds": 2, "space": {"pca__n_components": [1, 3]}})


def test_a_family_is_searched_with_its_own_preprocessing():
    """As its cross-validation has it, and not with that of the experiment."""
    plain = settings(GRID)
    whole = plain.preprocessing.model_dump(mode="json")
    # Within 0 to 1, so that no solver takes long.
    other = whole | {"numeric": whole["numeric"] | {"scale": "minmax"}}
    frame, target = table()

    def scores(own, common):
        model = searching.family(GRID) | ({"preprocessing": own} if own else {})
        sections = searching.SECTIONS | {"preprocessing": common}
        config = in_process.config(Task.BINARY, "yes", {"svm": model}, **sections)
        return searching.found(in_process.run(config, frame, target))

    assert scores(other, whole) == scores(None, other)
    assert scores(other, whole) != scores(None, whole)
