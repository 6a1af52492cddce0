"""Tracked models and tokenizers: architecture and weights apart, at full content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from repro.core.errors import TrackingError
from repro.tracking import ModelTracker, TrackingConfig, TrackingWarning
from tests.needs import require

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), np.arange(60) % 2


def track(model: Any, **kwargs: Any) -> dict[str, Any]:
    return ModelTracker().track_model(model, "m", **kwargs)


def sums(model: Any) -> tuple[str, str]:
    found = track(model)
    return found["architecture_checksum"], found["weights_checksum"]


def test_an_estimator() -> None:
    found = track(LinearRegression().fit(X, Y), metadata={"role": "base"})
    assert found["type"] == "LinearRegression"
    assert found["num_parameters"] == 4 + 1
    assert found["weights_size_bytes"] == 5 * 8
    assert '"fit_intercept": true' in found["structure"]
    assert found["metadata"] == {"role": "base"}
    assert len(found["architecture_checksum"]) == len(found["weights_checksum"]) == 64


def test_weights_and_architecture_change_apart() -> None:
    first, again = LogisticRegression().fit(X, Y), LogisticRegression().fit(X, Y)
    assert sums(first) == sums(again)
    other_rows = LogisticRegression().fit(X[:40], Y[:40])
    assert sums(first)[0] == sums(other_rows)[0]
    assert sums(first)[1] != sums(other_rows)[1]
    assert sums(first)[0] != sums(LogisticRegression(C=2.0).fit(X, Y))[0]
    nudged = LogisticRegression().fit(X, Y)
    nudged.coef_[0, 0] = np.nextafter(nudged.coef_[0, 0], 9)
    assert sums(nudged)[1] != sums(first)[1]


def test_workers_do_not_count() -> None:
    one = RandomForestClassifier(5, random_state=0, n_jobs=1).fit(X, Y)
    two = RandomForestClassifier(5, random_state=0, n_jobs=2).fit(X, Y)
    assert sums(one) == sums(two)
    nodes = sum(tree.tree_.node_count * 2 for tree in one.estimators_)
    assert track(one)["num_parameters"] == nodes


def test_steps_of_a_composite() -> None:
    scale = ColumnTransformer([("scale", StandardScaler(), [0, 1])])
    found = track(make_pipeline(scale, LogisticRegression()).fit(X, Y))
    assert [layer["type"] for layer in found["layers"]] == [
        "ColumnTransformer",
        "LogisticRegression",
    ]
    # Two means, two variances, two scales, and two weights with an intercept.
    assert found["num_parameters"] == 6 + 3


@pytest.mark.parametrize("thing", [object(), 5, lambda: 0, "model"])
def test_what_is_no_model(thing: object) -> None:
    with pytest.raises(TrackingError, match="cannot be tracked as a model"):
        track(thing)


def test_architecture_and_weights_are_written(tmp_path: Path) -> None:
    tracker = ModelTracker(config=TrackingConfig("x", output_dir=tmp_path))
    found = tracker.track_model(LogisticRegression().fit(X, Y), "a/b: c")
    text = (tmp_path / "a_b_ c_architecture.txt").read_text()
    assert text == found["structure"] + "\n"
    with pytest.raises(TrackingError, match="no format that is safe to read"):
        tracker.track_model(LogisticRegression().fit(X, Y), "m", save_weights=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a_b_ c_architecture.txt"]


def test_a_booster(tmp_path: Path) -> None:
    require("lightgbm")
    import lightgbm

    one = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(X, Y)
    two = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=2).fit(X, Y)
    assert sums(one) == sums(two)
    assert sums(one)[1] == sums(one.booster_)[1]
    assert sums(one) != sums(lightgbm.LGBMClassifier(n_estimators=4, verbose=-1).fit(X, Y))
    tracker = ModelTracker(config=TrackingConfig("x", output_dir=tmp_path))
    saved = tracker.track_model(one, "m", save_weights=True)["weights_path"]
    again = lightgbm.Booster(model_file=saved)
    np.testing.assert_array_equal(again.predict(X), one.booster_.predict(X))


@pytest.mark.scripts
def test_a_module(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    assert sums(torch.nn.Linear(10, 5))[0] == sums(torch.nn.Linear(10, 5))[0]
    assert sums(torch.nn.Linear(10, 5))[1] != sums(torch.nn.Linear(10, 5))[1]
    assert sums(torch.nn.Linear(10, 5))[0] != sums(torch.nn.Linear(10, 5, bias=False))[0]
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.ReLU())
    net[0].bias.requires_grad_(False)
    tracker = ModelTracker(config=TrackingConfig("x", output_dir=tmp_path))
    found = tracker.track_model(net, "net", save_weights=True)
    assert (found["num_parameters"], found["num_trainable_parameters"]) == (21, 18)
    assert [layer["name"] for layer in found["layers"]] == ["0", "1", "2"]
    assert found["weights_size_bytes"] == 4 * (12 + 3 + 3 + 3 + 3 + 3) + 8
    saved = load_file(found["weights_path"])
    assert all(torch.equal(saved[name], each) for name, each in net.state_dict().items())
    # A pass in training mode moves the buffers of a BatchNorm, and no parameter.
    net(torch.randn(8, 4))
    moved = tracker.track_model(net, "net")
    assert moved["weights_checksum"] != found["weights_checksum"]
    assert moved["architecture_checksum"] == found["architecture_checksum"]


@pytest.mark.scripts
def test_shared_weights_and_low_precision(tmp_path: Path) -> None:
    import torch

    tied = torch.nn.ModuleDict({"a": torch.nn.Linear(3, 3), "b": torch.nn.Linear(3, 3)})
    tied["b"].weight = tied["a"].weight
    tracker = ModelTracker(config=TrackingConfig("x", output_dir=tmp_path))
    found = tracker.track_model(tied, "tied", save_weights=True)
    assert found["num_parameters"] == 9 + 3 + 3
    assert Path(found["weights_path"]).is_file()
    half = torch.nn.Linear(3, 3).bfloat16()
    before = sums(half)[1]
    with torch.no_grad():
        half.weight[0, 0] += 1
    assert sums(half)[1] != before


@pytest.mark.scripts
def test_tokenizers() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    def make(words: dict[str, int], split: bool = True) -> Tokenizer:
        made = Tokenizer(models.WordLevel(words, unk_token="a"))
        if split:
            made.pre_tokenizer = pre_tokenizers.Whitespace()
        return made

    tracker = ModelTracker()

    def digest(tokenizer: Any) -> str:
        return tracker.track_tokenizer(tokenizer, "t")["checksum"]

    base = make({"a": 0, "b": 1})
    assert digest(base) == digest(make({"b": 1, "a": 0}))
    others = [make({"a": 1, "b": 0}), make({"a": 0, "c": 1}), make({"a": 0, "b": 1}, split=False)]
    fast = [PreTrainedTokenizerFast(tokenizer_object=base, unk_token="a"),
            PreTrainedTokenizerFast(tokenizer_object=base, unk_token="b")]  # fmt: skip
    digests = [digest(each) for each in (base, *others, *fast)]
    assert len(set(digests)) == len(digests)
    found = tracker.track_tokenizer(fast[0], "t")
    assert (found["vocab_size"], found["special_tokens"]["unk_token"]) == (2, "a")
    with pytest.raises(TrackingError, match="it has no get_vocab"):
        tracker.track_tokenizer(object(), "t")


@pytest.mark.scripts
def test_a_hugging_face_model() -> None:
    import torch
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
             "intermediate_size": 16, "vocab_size": 20}  # fmt: skip
    torch.manual_seed(0)
    model = BertModel(BertConfig(**sizes))
    found = track(model)
    assert found["num_parameters"] == sum(each.numel() for each in model.parameters())
    other = BertModel(BertConfig(**sizes, hidden_act="relu"))
    other.load_state_dict(model.state_dict())
    again = track(other)
    assert again["weights_checksum"] == found["weights_checksum"]
    assert again["architecture_checksum"] != found["architecture_checksum"]


def test_checksums_by_another_algorithm() -> None:
    found = ModelTracker("sha512").track_model(LinearRegression().fit(X, Y), "m")
    assert len(found["weights_checksum"]) == hashlib.sha512().digest_size * 2


@pytest.mark.scripts
def test_modules_without_a_digest_are_refused() -> None:
    import torch

    class Extra(torch.nn.Module):
        def __init__(self, state: object) -> None:
            super().__init__()
            self.state = state

        def get_extra_state(self) -> object:
            return self.state

    modules = (
        torch.nn.Linear(2, 2, device="meta"),
        torch.nn.LazyLinear(2),
        # Its text has an address in memory.
        Extra(object()),
    )
    for module in modules:
        with pytest.raises(TrackingError, match="cannot be tracked as a model"):
            ModelTracker().track_model(module, "m")
    found = [ModelTracker().track_model(Extra(state), "m") for state in ([1], [1], [2])]
    first, second, other = (each["weights_checksum"] for each in found)
    assert first == second != other


@pytest.mark.scripts
def test_a_function_of_a_booster_counts_by_its_name() -> None:
    import xgboost

    def model() -> Any:
        def objective(truth: Any, found: Any) -> tuple[Any, Any]:
            return found - truth, np.ones_like(found)

        rows = np.arange(20.0).reshape(10, 2)
        return xgboost.XGBRegressor(objective=objective, n_estimators=2).fit(rows, rows[:, 0])

    models = [model(), model()]
    found = [ModelTracker().track_model(each, "m") for each in models]
    assert found[0]["architecture_checksum"] == found[1]["architecture_checksum"]
    assert " at 0x" not in found[0]["structure"]


def test_weights_that_no_folder_gets_are_named() -> None:
    from sklearn.linear_model import LinearRegression

    fitted = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    with pytest.warns(TrackingWarning, match="no weights are saved"):
        ModelTracker().track_model(fitted, "m", None, True, True)
