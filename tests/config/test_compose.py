"""Composition of the shipped configuration, and what it says of mistakes."""

import pytest

from repro.config.compose import Request, compose
from repro.config.keys import replicate_key, strict_key
from repro.config.project import names_in
from repro.config.resolve import resolve, resolved_tree
from repro.core.errors import ConfigError, ReproError


def resolved(project, **request):
    return resolve(compose(project.path, Request(**request)))


def settings(*pairs):
    return tuple(("--set", key, value) for key, value in pairs)


def test_every_shipped_experiment_resolves_under_every_profile(project):
    """Nothing that is shipped is broken."""
    for experiment in names_in(project.path, "experiments"):
        for profile in names_in(project.path, "profiles"):
            assert resolved(project, experiment=experiment, profile=profile).models


def test_later_layers_win_over_earlier_ones(project):
    """base < models < experiment < variants < profile < overlay < --set."""
    key = "models.random_forest.params.max_depth"

    def depth(**request):
        return resolved(project, **request).models["random_forest"].params["max_depth"]

    found = [depth()]
    experiment = "configs/experiments/credit.yaml"
    project.replace(
        experiment, "selection:", "models: {random_forest: {params: {max_depth: 2}}}\nselection:"
    )
    found.append(depth())
    project.replace(experiment, "selection:", "variants: {random_forest: shallow}\nselection:")
    found.append(depth())
    project.write(
        "configs/profiles/p.yaml",
        "schema: repro.profile/v1\nmodels: {random_forest: {params: {max_depth: 4}}}\n",
    )
    found.append(depth(profile="p"))
    overlay = project.write(
        "over.yaml",
        "schema: repro.overlay/v1\nmodels: {random_forest: {params: {max_depth: 5}}}\n",
    )
    found.append(depth(profile="p", overlays=(overlay,)))
    found.append(depth(profile="p", overlays=(overlay,), assignments=settings((key, "6"))))

    assert found == [None, 2, 8, 4, 5, 6]


def test_every_value_tells_which_file_or_flag_set_it(project):
    """Origins are file and line, or the flag."""
    request = Request(assignments=(("--seed", "seed", "7"), *settings(("split.test_size", "0.3"))))

    tree = resolved_tree(compose(project.path, request))
    origins = {".".join(path): leaf.origin for path, leaf in tree.items()}

    assert [
        origins["seed"],
        origins["split.test_size"],
        origins["selection.metric"].partition(":")[0],
        origins["models.knn.params.weights"].partition(":")[0],
        origins["dataset.target"].partition(":")[0],
    ] == [
        "--seed",
        "--set split.test_size",
        "configs/experiments/credit.yaml",
        "configs/models/knn.yaml",
        "configs/datasets.yaml",
    ]


@pytest.mark.parametrize(
    ("request_", "sentence", "advice"),
    [
        ({"experiment": "credt"}, "unknown experiment 'credt'", "did you mean 'credit'?"),
        ({"profile": "debgu"}, "unknown profile 'debgu'", "did you mean 'debug'?"),
        (
            {"assignments": settings(("families", "[randm_forest]"))},
            "--set families: unknown model family 'randm_forest'",
            "did you mean 'random_forest'?",
        ),
        (
            {"assignments": settings(("variants.random_forest", "shalow"))},
            "unknown variant 'shalow' of random_forest",
            "did you mean 'shallow'?",
        ),
        (
            {"assignments": settings(("dataset", "credi"))},
            "--set dataset: unknown data set 'credi'",
            "did you mean 'credit'?",
        ),
        (
            {"assignments": settings(("splt.test_size", "0.5"))},
            "--set splt.test_size: unknown key 'splt'; did you mean 'split'?",
            "",
        ),
        (
            {"assignments": settings(("models.knn.params", "3"))},
            "--set models.knn.params: input should be a mapping, found 3",
            "",
        ),
        (
            {"assignments": settings(("models.svm.parms.C", "1"))},
            "--set models.svm.parms.C: unknown key 'models.svm.parms'",
            "did you mean 'params'?",
        ),
        (
            {"assignments": settings(("models.svm.estimators.clasification", "a:B"))},
            "unknown key 'models.svm.estimators.clasification'",
            "did you mean 'classification'?",
        ),
        (
            {"assignments": settings(("models.svn.params.C", "1"))},
            "unknown model family 'svn'",
            "did you mean 'svm'?",
        ),
        (
            {"assignments": settings(("seed", '"42"'))},
            '--set seed: input should be a valid integer, found "42"',
            "",
        ),
        (
            {"assignments": settings(("split.test_size", "1.0"))},
            "split.test_size: input should be less than 1, found 1.0",
            "",
        ),
        (
            {"assignments": settings(("selection.metric", "rmse"))},
            "selection.metric: rmse is not a metric of a binary task",
            "",
        ),
        ({"max_iter": 5, "assignments": settings(("families", "[knn]"))}, "--max-iter", "choose"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_a_suggestion(project, request_, sentence, advice):
    """An unknown name is an error, never a fallback."""
    with pytest.raises(ReproError) as error:
        resolved(project, **request_)

    assert (sentence in error.value.message, advice in error.value.advice) == (True, True)


@pytest.mark.parametrize("key", ["dataset", "variants.knn", "variants.random_forest"])
@pytest.mark.parametrize("text", ["[]", "[credit]", "[[1], {a: b}]", "3", "true", "1.5"])
def test_what_is_no_name_is_an_unknown_one(project, key, text):
    """A list too, which Python cannot look up among names."""
    with pytest.raises(ConfigError, match=f"--set {key}: unknown (data set|variant) "):
        resolved(project, assignments=settings((key, text)))


def test_all_problems_are_told_at_once(project):
    """Nobody has to correct one line to hear of the next."""
    with pytest.raises(ReproError) as error:
        resolved(
            project, assignments=settings(("seed", "-1"), ("nonsense", "1"), ("drift.bins", "x"))
        )

    assert [line.partition(":")[0] for line in error.value.message.splitlines()] == [
        "--set seed",
        "--set drift.bins",
        "--set nonsense",
    ]


def test_the_seed_is_the_only_difference_between_the_keys(project):
    """Another seed changes the strict key alone; a hyper-parameter or the data changes both."""

    def keys(content="frame/v1:0", **request):
        config = resolved(project, **request)
        return replicate_key(config, content, 1), strict_key(config, content, 1)

    base = keys()
    same = [
        [a == b for a, b in zip(base, other, strict=True)]
        for other in (
            keys(assignments=settings(("seed", "43"))),
            keys(assignments=settings(("models.knn.params.n_neighbors", "2"))),
            keys(content="frame/v1:1"),
            keys(assignments=settings(("execution.workers", "2"), ("safety.on_finding", "fail"))),
        )
    ]

    assert same == [[True, False], [False, False], [False, False], [True, True]]
