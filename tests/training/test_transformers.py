"""Declared transformers are those of plain scikit-learn, and each of them can be named."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse
from sklearn import (
    compose,
    decomposition,
    ensemble,
    feature_extraction,
    feature_selection,
    impute,
    linear_model,
    model_selection,
    pipeline,
    preprocessing,
)
from tests.training import in_process

from repro.config.data import Task
from repro.core.errors import ConfigError, DataError
from repro.divergence.compare import first_divergence
from repro.training.declarations import MEANING
from repro.transformers import DatetimeParts, HashedCategories

ROWS = 240
NUMBERS, TEXTS = ["a", "b", "c"], ["kind", "city", "note", "day"]
PLAIN = {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}
CATEGORIES = {"impute": "constant", "fill": "missing", "min_frequency": None}
LOGISTIC = "sklearn.linear_model:LogisticRegression"
BOOSTING = "sklearn.ensemble:HistGradientBoostingClassifier"


def step(name, transformer, **params):
    return {"name": name, "transformer": transformer, "params": params}


DATES = {
    "columns": ["day"],
    "steps": [
        step(
            "parts", "repro.transformers:DatetimeParts", parts=["month", "days"], format="%d.%m.%Y"
        ),
        step("scale", "sklearn.preprocessing:StandardScaler"),
    ],
}
CITIES = {"columns": ["city"], "steps": [step("encode", "sklearn.preprocessing:TargetEncoder")]}
NOTES = {
    "columns": ["note"],
    "steps": [step("words", "sklearn.feature_extraction.text:CountVectorizer")],
}
GROUPS = {"dates": DATES, "cities": CITIES, "notes": NOTES}


def table():
    """Rows whose label follows from a number, a kind, a word and a date."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 3)), columns=NUMBERS)
    frame.loc[draw.random(ROWS) < 0.15, "a"] = np.nan
    frame["kind"] = draw.choice(["x", "y", "z"], ROWS)
    frame.loc[draw.random(ROWS) < 0.1, "kind"] = np.nan
    frame["city"] = [f"c{number}" for number in draw.integers(0, 25, ROWS)]
    frame["note"] = [" ".join(draw.choice(["red", "blue", "old"], 2)) for _ in range(ROWS)]
    days = pd.Timestamp("2021-01-01") + pd.to_timedelta(draw.integers(0, 700, ROWS), unit="D")
    frame["day"] = days.strftime("%d.%m.%Y")
    red = frame["note"].str.contains("red")
    noise = draw.normal(size=ROWS) / 2
    target = np.where(frame["b"] + (frame["kind"] == "x") + red + noise > 1, "yes", "no")
    return frame.astype(dict.fromkeys(TEXTS, object)), target


def trained(models, frame=None, **preprocessing):
    steps = {"numeric": PLAIN, "categorical": CATEGORIES, "groups": GROUPS} | preprocessing
    config = in_process.config(
        Task.BINARY,
        "yes",
        models,
        preprocessing=steps,
        seeding={"scheme": "constant"},
        split={"test_size": 0.25, "stratify": True, "limit": None},
        selection={"folds": 3, "metric": "log_loss"},
        decision={"rule": "argmax"},
    )
    usual, target = table()
    return in_process.run(config, usual if frame is None else frame, target)


def logistic(**own):
    return {"logistic": in_process.family(LOGISTIC, C=1.0) | own}


def by_hand(*then, model=None):
    """The same in scikit-learn's own words, in the order in which our groups stand."""
    date = DatetimeParts(["month", "days"], "%d.%m.%Y")
    groups = [
        (
            "numeric",
            pipeline.make_pipeline(
                impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler()
            ),
            NUMBERS,
        ),
        (
            "categorical",
            pipeline.make_pipeline(
                impute.SimpleImputer(strategy="constant", fill_value="missing"),
                preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            ),
            ["kind"],
        ),
        ("dates", pipeline.make_pipeline(date, preprocessing.StandardScaler()), ["day"]),
        ("cities", preprocessing.TargetEncoder(random_state=42), ["city"]),
        ("notes", feature_extraction.text.CountVectorizer(), "note"),
    ]
    columns = compose.ColumnTransformer(groups, sparse_threshold=0)
    return pipeline.make_pipeline(
        columns, *then, model or linear_model.LogisticRegression(C=1.0, random_state=42)
    )


def split():
    frame, target = table()
    rows = model_selection.train_test_split(
        np.arange(ROWS), test_size=0.25, stratify=target, random_state=42
    )
    train, test = map(np.sort, rows)
    return frame, target, train, test


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("reduced", [False, True])
def test_predictions_are_those_of_scikit_learn(reduced):
    """Dates, target encoding, words, PCA and selection; out of fold too."""
    then, hand = None, ()
    if reduced:
        then = [
            step("pca", "sklearn.decomposition:PCA", n_components=6),
            step("best", "sklearn.feature_selection:SelectKBest", k=4),
        ]
        hand = decomposition.PCA(6, random_state=42), feature_selection.SelectKBest(k=4)
    frame, target, train, test = split()

    made = trained(logistic(), then=then)

    assert list(made.test_rows) == list(test)
    expected = by_hand(*hand).fit(frame.iloc[train], target[train])
    scores = expected.predict_proba(frame.iloc[test])[:, 1]
    np.testing.assert_allclose(made.scores.values[:, 0], scores, rtol=0, atol=1e-12)
    folds = model_selection.StratifiedKFold(3, shuffle=True, random_state=42)
    losses = -model_selection.cross_val_score(
        by_hand(*hand), frame.iloc[train], target[train], cv=folds, scoring="neg_log_loss"
    )
    np.testing.assert_allclose(
        made.metrics.cross_validation["logistic"].folds, losses, rtol=0, atol=1e-12
    )
    with warnings.catch_warnings():
        # New dates and sentences are no news.
        warnings.simplefilter("error", UserWarning)
        saved = made.model.predict_proba(frame.iloc[test])[:, 1]
    np.testing.assert_allclose(saved, scores, rtol=0, atol=1e-12)


def test_a_target_encoder_never_encodes_a_training_row_by_its_own_label():
    """On labels that nothing explains, the training rows are no better than guessed."""
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"city": [f"c{n}" for n in draw.integers(0, 150, ROWS)]}, dtype=object)
    config_of = {"cities": CITIES}
    frame, target = frame.assign(a=1.0), draw.permutation(np.repeat(["no", "yes"], ROWS // 2))
    config = in_process.config(
        Task.BINARY, "yes", logistic(),
        preprocessing={"numeric": PLAIN, "categorical": CATEGORIES, "groups": config_of},
        split={"test_size": 0.25, "stratify": True, "limit": None},
        selection={"folds": 3, "metric": "roc_auc"}, decision={"rule": "argmax"},
    )  # fmt: skip

    made = in_process.run(config, frame, target)

    assert made.metrics.cross_validation["logistic"].mean < 0.6


def test_a_family_has_its_own_preprocessing():
    """Missing values and categories as they are, beside a family that needs numbers."""
    own = {
        "numeric": PLAIN | {"impute": "none", "scale": "none"},
        "categorical": CATEGORIES | {"impute": "none", "fill": None, "encode": "native"},
        "groups": {"dates": DATES, "notes": NOTES},
    }
    native = in_process.family(BOOSTING, max_iter=20) | {"preprocessing": own}
    frame, target, train, test = split()

    made = trained({"native": native, "weak": in_process.family(LOGISTIC, C=1e-9)})

    assert made.metrics.model == "native"
    names = {"dates": DATES, "notes": NOTES}
    table_ = frame[[*NUMBERS, "kind", "city"]].copy()
    codes = preprocessing.OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
    ).fit(table_.iloc[train][["kind", "city"]])
    encoded = codes.transform(table_[["kind", "city"]])
    date = DatetimeParts(["month", "days"], "%d.%m.%Y").fit(frame.iloc[train][["day"]])
    words = feature_extraction.text.CountVectorizer().fit(frame.iloc[train]["note"])
    scaler = preprocessing.StandardScaler().fit(date.transform(frame.iloc[train][["day"]]))
    parts = scaler.transform(date.transform(frame[["day"]]))
    matrix = np.hstack([table_[NUMBERS], encoded, parts, words.transform(frame["note"]).toarray()])
    assert sorted(names) == ["dates", "notes"]
    expected = ensemble.HistGradientBoostingClassifier(
        max_iter=20, categorical_features=[3, 4], random_state=42
    ).fit(matrix[train], target[train])
    scores = expected.predict_proba(matrix[test])[:, 1]
    np.testing.assert_allclose(made.scores.values[:, 0], scores, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(
        made.model.predict_proba(frame.iloc[test])[:, 1], made.scores.values[:, 0]
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"groups": GROUPS | {"cities": {
            "columns": ["city"],
            "steps": [step("encode", "sklearn.preprocessing:TargetEncoder", smooth=3.0)],
        }}}, "groups/cities/encode"),
        ({"numeric": PLAIN | {"scale": "robust"}}, "numeric/scale"),
        ({"then": [step("pca", "sklearn.decomposition:PCA", n_components=3)]}, "then/pca"),
    ],
)  # fmt: skip
def test_the_first_step_that_differs_is_named(changed, named):
    """By its group and its name."""
    pca = [step("pca", "sklearn.decomposition:PCA", n_components=4)]
    models = logistic()

    first, second = trained(models, then=pca), trained(models, **({"then": pca} | changed))

    stages = [
        each.stages.model_copy(
            update={"stages": tuple(s for s in each.stages.stages if s.name == "transform")}
        )
        for each in (first, second)
    ]
    assert first_divergence(*stages, (), MEANING).outputs[0] == named


def composed(model, scaler="StandardScaler"):
    """A pipeline in a vote; a part of a part is two levels down."""
    steps = [
        ["scale", {"class": f"sklearn.preprocessing:{scaler}"}],
        ["model", {"class": model, "params": {}}],
    ]
    members = [
        ["tree", {"class": "sklearn.tree:DecisionTreeClassifier", "params": {"max_depth": 2}}],
        ["line", {"class": "sklearn.pipeline:Pipeline", "params": {"steps": steps}}],
    ]
    path = "sklearn.ensemble:VotingClassifier"
    return {"vote": in_process.family(path, estimators=members, voting="soft")}


def test_the_first_part_of_a_composed_estimator_that_differs_is_named():
    """At every depth; the parts that are the same are not named."""
    first = trained(composed(LOGISTIC))
    second = trained(composed(LOGISTIC, scaler="MaxAbsScaler"))

    found = first_divergence(
        *(
            each.stages.model_copy(
                update={
                    "stages": tuple(s for s in each.stages.stages if s.name in {"fit", "parts"})
                }
            )
            for each in (first, second)
        ),
        (),
        MEANING,
    )

    assert (found.stage, found.outputs[:3]) == ("fit", ("line", "line/scale", "line/model"))


def test_a_record_of_before_the_parts_were_recorded_still_verifies():
    """The stage that only says more is not missed."""
    from repro.divergence.compare import _check_stages  # noqa: PLC0415

    new = trained(composed(LOGISTIC)).stages
    old = new.model_copy(update={"stages": tuple(s for s in new.stages if s.name != "parts")})

    for pair in ((old, new), (new, old)):
        outcomes = {check.outcome for check in _check_stages(*pair, MEANING)}
        assert outcomes == {"same"}


def test_a_transformer_that_draws_from_the_global_generator_gives_the_same_bits():
    """Whatever was drawn before it, in the caller's process or by a fit."""
    settings = in_process.config(
        Task.BINARY, "yes", logistic(),
        preprocessing={
            "numeric": PLAIN, "categorical": CATEGORIES,
            "then": [step("jitter", "tests.training.own_parts:Jitter")],
        },
        decision={"rule": "argmax"}, security={"allowed_modules": ["sklearn", "tests"]},
    )  # fmt: skip
    frame, target = table()

    first = in_process.run(settings, frame[[*NUMBERS, "kind"]], target)
    np.random.normal(size=7)  # noqa: NPY002 - the generator that is asked about
    second = in_process.run(settings, frame[[*NUMBERS, "kind"]], target)

    assert first.stages == second.stages


def test_an_experiment_without_transformers_has_the_stages_of_before():
    """Nothing that is not declared is in a record."""
    frame, target = table()
    config = in_process.config(Task.BINARY, "yes", logistic(), decision={"rule": "argmax"})

    made = in_process.run(config, frame[[*NUMBERS, "kind"]], target)

    names = [stage.name for stage in made.stages.stages]
    assert "preprocess" in names
    assert not {"transform", "parts"} & set(names)
    assert not any("preprocess_seeds" in stage.inputs for stage in made.stages.stages)


def test_hashed_and_wide_columns_stay_sparse():
    """Thousands of columns are never made dense, and their rows are those that text would give."""
    many = pd.DataFrame({"city": [f"c{n}" for n in range(300)]}, dtype=object)
    hashed = HashedCategories(5000).fit(many).transform(many)

    assert issparse(hashed)
    assert hashed.shape == (300, 5000)
    assert (hashed.sum(axis=1) == 1).all()
    again = HashedCategories(5000).fit(many[:5]).transform(many)
    assert (hashed != again).nnz == 0


def test_parts_of_dates_are_those_of_the_calendar():
    """Counted independently; a missing date has missing parts."""
    frame = pd.DataFrame({"t": ["2024-02-29T13:45:00+02:00", np.nan, "1970-01-02"]}, dtype=object)
    every = ["year", "month", "day", "day_of_week", "day_of_year", "hour", "minute", "days"]

    made = DatetimeParts(every, "ISO8601").fit(frame).transform(frame)

    assert made[0].tolist() == [2024, 2, 29, 3, 60, 11, 45, 19782 + (11 * 60 + 45) / 1440]
    assert np.isnan(made[1]).all()
    assert made[2].tolist() == [1970, 1, 2, 4, 2, 0, 0, 1.0]
    filled = DatetimeParts(["year"], "ISO8601", fill=0.0).fit(frame).transform(frame)
    assert filled[:, 0].tolist() == [2024, 0, 1970]


WRONG = [
    ({"groups": {"dates": DATES | {"columns": ["dya"]}}}, ConfigError, "did you mean 'day'"),
    ({"groups": {"dates": DATES | {"columns": ["note"]}}}, DataError, "no date of the format"),
    (
        {"then": [step("pca", "sklearn.decomposition:PCA", n_components=99)]},
        DataError,
        "preprocessing.then.pca: PCA refused",
    ),
    (
        {"then": [step("pca", "sklearn.decomposition:PCA", n_component=9)]},
        ConfigError,
        "did you mean 'n_components'",
    ),
    ({"then": [step("m", LOGISTIC)]}, ConfigError, "has no method 'transform'"),
    ({"then": [step("m", "os:system")]}, ConfigError, "'os' is not allowed"),
    ({"groups": {"n": {"columns": ["note"], "steps": [
        step("w", "sklearn.feature_extraction.text:CountVectorizer", input="filename")
    ]}}}, ConfigError, "opens files that the data names"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "kind", "text"), WRONG)
def test_what_cannot_be_is_refused_with_its_key(changed, kind, text):
    """Names, columns, values and classes."""
    with pytest.raises(kind) as caught:
        trained(logistic(), **changed)

    assert text in f"{caught.value.message}; {caught.value.advice}"
    assert caught.value.message.startswith("preprocessing.")
