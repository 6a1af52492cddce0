"""Modules of estimators that cannot be imported are reported before anything is trained."""

from __future__ import annotations

import subprocess
import sys

import pytest

from repro.config.training import Model
from repro.core.errors import ConfigError, PreconditionError
from repro.training.estimators import build

LIBGOMP = "import ctypes; ctypes.CDLL('libgomp.so.1.absent')"
BROKEN = {"class": "broken:A", "params": {}}
ALLOWED = ("sklearn", "lightgbm", "broken")


def model(path: str, **params: object) -> Model:
    return Model(estimator=path, variant=None, params=params)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Put a module in front of every installed one, under a name."""

    def make(name, text):
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.syspath_prepend(tmp_path)
        (tmp_path / f"{name}.py").write_text(text)

    yield make
    sys.modules.pop("broken", None)


@pytest.mark.parametrize(
    ("name", "text", "found", "advice"),
    [
        ("lightgbm", LIBGOMP, "OSError: libgomp.so.1.absent", "apt install libgomp1"),
        ("lightgbm", "raise OSError('dlopen(x): Library not loaded: @rpath/libomp.dylib')",
         "libomp.dylib", "brew install libomp"),
        ("lightgbm", "raise ModuleNotFoundError('No module named lightgbm', name='lightgbm')",
         "No module named", "pip install -e '.[lightgbm]'"),
        ("broken", "import ctypes; ctypes.CDLL('libother-1.so')", "libother-1.so",
         "install the library libother of your system"),
        ("broken", "import no_such_module_at_all", "no_such_module_at_all",
         "make 'broken' importable"),
        ("broken", "raise RuntimeError('no licence')", "RuntimeError: no licence",
         "correct 'broken'"),
        ("broken", "x = (", "SyntaxError", "correct 'broken'"),
    ],
)  # fmt: skip
def test_what_fails_while_it_is_imported_has_a_remedy(package, name, text, found, advice):
    """The key, the reason, and what to install."""
    package(name, text)
    with pytest.raises(PreconditionError) as caught:
        build("mine", model(f"{name}:Thing"), 0, ALLOWED)

    assert caught.value.message.startswith(f"models.mine.estimator: cannot import '{name}': ")
    assert found in caught.value.message
    assert advice in caught.value.advice


BAGGING, SVC = "sklearn.ensemble:BaggingClassifier", {"class": "sklearn.svm:SVC"}


@pytest.mark.parametrize(
    ("outer", "params", "key"),
    [
        (BAGGING, {"estimator": BROKEN}, "params.estimator"),
        ("sklearn.pipeline:Pipeline", {"steps": [["a", BROKEN]]}, "params.steps.0.1"),
        (
            BAGGING,
            {"estimator": {"class": BAGGING, "params": {"estimator": BROKEN}}},
            "params.estimator.params.estimator",
        ),
        ("sklearn.ensemble:VotingClassifier", {"estimators": [["a", BROKEN]]},
         "params.estimators.0.1"),
        (
            "sklearn.ensemble:StackingClassifier",
            {"estimators": [["a", SVC]], "final_estimator": BROKEN},
            "params.final_estimator",
        ),
    ],
)  # fmt: skip
def test_nested_estimators_are_asked_for_too(package, outer, params, key):
    """With the key at which they stand."""
    package("broken", "raise ImportError('not here')")
    with pytest.raises(PreconditionError, match="not here") as caught:
        build("f", model(outer, **params), 0, ALLOWED)

    assert caught.value.message.startswith(f"models.f.{key}.class: ")


def test_nothing_that_is_not_allowed_is_imported(package):
    """Its code must not run, not even to see whether it is there."""
    package("forbidden", "raise SystemError('was run')")
    for path, params in (
        ("forbidden:Thing", {}),
        (BAGGING, {"estimator": {"class": "forbidden:B", "params": {}}}),
    ):
        with pytest.raises(ConfigError, match="the module 'forbidden' is not allowed"):
            build("f", model(path, **params), 0, ALLOWED)


def test_training_reports_a_missing_library_before_it_reads_data(project, tmp_path):
    """The whole command: no data set is needed to learn what to install."""
    (tmp_path / "fake/lightgbm").mkdir(parents=True)
    (tmp_path / "fake/lightgbm/__init__.py").write_text(LIBGOMP)
    (project.path / "data/credit.csv").unlink()
    result = project.repro(
        "train", "credit", "-m", "lightgbm", env={"PYTHONPATH": str(tmp_path / "fake")}
    )

    assert 3 == result.status
    assert "models.lightgbm.estimator: cannot import 'lightgbm': OSError" in result.err
    assert "apt install libgomp1" in result.err
    assert "cross_validate" not in result.err


def test_a_family_that_needs_pytorch_says_so(monkeypatch):
    """It comes with the package, so that no project has to allow its module."""
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [each for each in sys.modules if each.startswith("repro.families.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(PreconditionError) as caught:
        build("mlp_torch", model("repro.families.torch_mlp:TorchMLPClassifier"), 0, ("sklearn",))

    assert caught.value.message.startswith(
        "models.mlp_torch.estimator: cannot import 'repro.families.torch_mlp': "
    )
    assert "pip install torch" in caught.value.advice


@pytest.mark.parametrize("path", ["repro.store:PendingRun", "repro:train", "repro.familiesx:A"])
def test_no_other_module_of_the_package_is_a_family(path):
    with pytest.raises(ConfigError, match="the module 'repro' is not allowed"):
        build("mine", model(path), 0, ("sklearn",))


def test_nothing_of_pytorch_is_loaded_where_no_family_needs_it():
    code = "import sys, repro.app.train, repro.execution.pipeline; print('torch' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
