"""``repro explain`` and ``repro noise`` of a recorded command: what is confirmed, by running it."""

from __future__ import annotations

import json

import pytest

from repro.processor import X86_64_V3, present
from tests.cli.test_comparing import older  # noqa: F401 - a fixture
from tests.recording.folders import write_environment
from tests.recording.test_repeating import FOREST, TREES
from tests.schemas import kind_of_valid

two_classes = pytest.mark.skipif(
    not X86_64_V3 <= (present() or set()), reason="fewer than two classes of code paths"
)
UNSEEDED = FOREST.replace("random.seed(3)\n", "\n")
# A set of texts follows the hash seed, and so does the sum of what stands at even places.
ORDERED = """\
import json
from sklearn.dummy import DummyRegressor
names = list({"mass", "length", "width", "height", "colour", "price", "weight", "age"})
model = DummyRegressor().fit([[0.0]] * 4, [float(sum(map(ord, name))) for name in names[::2]])
json.dump({"mean": float(model.predict([[0.0]])[0])}, open("metrics.json", "w"))
"""
# The last bits of a product of matrices follow the kernel.
PRODUCT = """\
import json
import numpy as np
from sklearn.linear_model import Ridge
rng = np.random.default_rng(5)
X = rng.normal(size=(400, 60))
y = X @ rng.normal(size=60) + rng.normal(size=400)
model = Ridge(alpha=0.1).fit(X, y)
json.dump({"score": float(model.score(X, y)), "sum": float(model.coef_.sum())},
          open("metrics.json", "w"))
"""


@pytest.fixture
def forest(folder):
    folder.write("trees.py", TREES)
    return folder


def explained(folder, *words, status=None, **env):
    """Explain the newest run, or what is named, and return the explanation."""
    done = folder.repro("explain", *words, "--json", **env)
    assert done.status in {0, 1}, done.err
    found = json.loads(done.out)
    assert kind_of_valid(found) == "explanation"
    assert status is None or done.status == status, found["sentence"]
    return found


def test_a_seeded_command_has_nothing_to_explain(forest):
    forest.write("train.py", FOREST)
    forest.record("python", "train.py")
    before = forest.state()
    found = explained(forest, status=0)
    assert found["sentence"] == "nothing to explain: this run has the record's bits"
    assert [trial["causes"] for trial in found["trials"]] == [[]]
    assert forest.state() == before


def test_a_generator_that_was_never_seeded_is_confirmed(forest):
    """Two runs with one seed agree, and a run with a different seed does not."""
    forest.write("train.py", UNSEEDED)
    forest.record("python", "train.py")
    found = explained(forest, status=0)
    assert found["confirmed"] == ["global generator"]
    assert found["divergence"]["stage"] == "train.py:9 Forest.fit"
    assert found["sentence"] == (
        "confirmed: 'train.py:9 Forest.fit' diverges because of the global generator random, which"
        " was never seeded: with a seed two runs agree at that step, and with a different one they"
        " do not"
    )
    _, first, again, other = found["trials"]
    seeds = [trial["seeds"]["random"] for trial in (first, again, other)]
    assert seeds[0] == seeds[1] != seeds[2]
    assert (again["repeats"], again["confirms"]) == (True, True)
    assert again["agreeing"] == again["outputs"]
    assert (other["repeats"], other["confirms"]) == (True, False)
    assert found["suspected"] == []


def test_the_generator_is_seeded_in_workers_too(forest):
    """They are processes of their own, in which nobody else seeds it."""
    source = UNSEEDED.replace(
        "model.fit(X[::2], y[::2])",
        "from joblib import Parallel, delayed\n"
        "def draw(n):\n    return random.random()\n"
        "drawn = Parallel(n_jobs=2)(delayed(draw)(n) for n in range(2))\n"
        "model.fit(X[::2], [each + drawn[0] for each in y[::2]])",
    )
    forest.write("train.py", source)
    forest.record("python", "train.py")
    found = explained(forest, status=0)
    assert found["confirmed"] == ["global generator"]


def test_a_draw_between_two_steps_is_confirmed(folder):
    """No step draws it, so that no step has the generator as an input."""
    folder.write(
        "train.py",
        "import json\nimport numpy as np\nfrom sklearn.dummy import DummyRegressor\n"
        "DummyRegressor().fit([[0.0]], [1.0])\n"
        "y = np.random.normal(size=4)\n"
        "model = DummyRegressor().fit([[0.0]] * 4, y)\n"
        "json.dump({'mean': float(model.predict([[0.0]])[0])}, open('metrics.json', 'w'))\n",
    )
    folder.record("python", "train.py")

    found = explained(folder, status=0)

    assert found["confirmed"] == ["global generator"]
    assert found["divergence"]["inputs"] == ["y"]
    assert "of the global generator numpy.random, which was never seeded" in found["sentence"]
    assert [trial["seeds"] for trial in found["trials"][1:]] == [
        {"numpy.random": seed} for seed in (0, 0, 1)
    ]
    assert found["suspected"] == []


def test_a_version_of_a_package_is_confirmed_from_its_wheel(folder, older, tmp_path):  # noqa: F811
    """The command's own Python has a newer one, and a wheel for the running Python fits it."""
    python = write_environment(tmp_path / "own", ("numpy", "scipy", "scikit-learn"))
    folder.write(
        "train.py",
        "import json\nfrom sklearn.datasets import load_iris\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "X, y = load_iris(return_X_y=True)\n"
        "model = LogisticRegression(max_iter=300).fit(X, y)\n"
        "json.dump({'score': float(model.score(X, y))}, open('metrics.json', 'w'))\n",
    )
    folder.record(python, "train.py", PYTHONPATH=str(older["scikit-learn"]))

    plain = explained(folder, status=1, PYTHONPATH=None)
    found = explained(folder, "--packages", status=0, PYTHONPATH=None)

    assert plain["divergence"]["stage"] == "train.py:5 LogisticRegression.fit"
    assert "add --packages" in str(plain["untried"])
    assert found["confirmed"] == ["packages of the estimators"]
    assert found["trials"][-1]["packages"] == {"scikit-learn": "1.7.2"}
    assert found["trials"][-1]["agreeing"] == found["trials"][-1]["outputs"]


def test_the_order_of_a_set_is_confirmed_where_the_hash_seed_is_free(folder):
    folder.write("train.py", ORDERED)
    folder.record("python", "train.py", options=("--level", "seeded"))
    found = explained(folder, status=0)
    assert found["confirmed"] == ["the order of a set"]
    assert found["sentence"].endswith(
        "because of the order of a set: with one hash seed two runs agree at that step, and with a"
        " different one they do not"
    )
    first, again, other = (t for t in found["trials"] if t["causes"] == found["confirmed"])
    assert first["settings"] == again["settings"] == {"PYTHONHASHSEED": "0"}
    assert again["agreeing"] == again["outputs"] > other["agreeing"]


def test_a_generator_that_the_script_makes_is_suspected_and_not_tried(folder):
    """The global one and hash seeds are not accused in its place."""
    folder.write("train.py", PRODUCT.replace("default_rng(5)", "default_rng()"))
    folder.record("python", "train.py")
    found = explained(folder, status=1)
    assert found["confirmed"] == []
    assert "suspected: a generator without a seed" in found["sentence"]
    assert "write one into the script" in found["untried"]["a generator without a seed"]


def test_a_script_that_changes_its_seed_is_not_said_to_be_unseeded(forest):
    forest.write("train.py", FOREST)
    forest.record("python", "train.py")
    forest.write("train.py", FOREST.replace("random.seed(3)", "random.seed(4)"))
    found = explained(forest, status=1)
    assert found["confirmed"] == []
    assert [each["cause"] for each in found["suspected"]] == ["global generator", "the code"]


@two_classes
def test_the_level_is_confirmed_where_it_brings_back_the_bits(folder):
    folder.write("train.py", PRODUCT)
    folder.record("python", "train.py", options=("--level", "portable-v2"))
    folder.record("python", "train.py", options=("--level", "portable"))
    old, new = (run.name for run in folder.runs())
    found = explained(folder, old, "--against", new, status=0)
    assert found["confirmed"] == ["determinism level"]
    first, level = found["trials"]
    assert first["agreeing"] < first["outputs"]
    assert level["agreeing"] == level["outputs"]
    assert level["settings"]["OPENBLAS_CORETYPE"] == "Nehalem"
    assert found["suspected"] == []


def test_a_command_of_a_stranger_is_shown_and_not_run(forest, tmp_path):
    forest.write("train.py", f"open('was-run', 'w').close()\n{FOREST}")
    forest.record("python", "train.py")
    (forest.path / "was-run").unlink()
    elsewhere = {"XDG_STATE_HOME": str(tmp_path / "nobody")}
    for command in ("explain", "noise"):
        done = forest.repro(command, **elsewhere)
        assert done.status == 3
        assert "was not recorded on this machine, and would run: python train.py" in done.err
    assert explained(forest, "--run-command", status=0, **elsewhere)["explained"] is True


@two_classes
def test_noise_is_the_spread_of_every_number_between_the_levels(folder):
    folder.write("train.py", PRODUCT)
    folder.record("python", "train.py")
    done = folder.repro("noise", "--json", "-o", "noise.json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert kind_of_valid(found) == "noise"
    levels = [training["level"] for training in found["trainings"]]
    assert levels == ["strict", "strict", "portable", "portable-v2"]
    assert set(found["spreads"]) == {
        "metrics.json score", "metrics.json sum", "train.py Ridge.score",
    }  # fmt: skip
    assert 0 < found["spreads"]["metrics.json sum"] < 1e-9
    measured = ("--tolerance", "auto", "--noise", "noise.json")
    moved = folder.verify("--level", "portable-v2", *measured, status=0)
    assert moved["comparison"]["verdict"] == "equivalent"


@two_classes
def test_noise_of_a_command_that_leaves_something_to_chance_is_not_measured(forest):
    forest.write("train.py", UNSEEDED)
    forest.record("python", "train.py")
    done = forest.repro("noise")
    assert done.status == 3
    assert "two runs at the level strict differ: train.py:9 Forest" in done.err
    assert "repro explain" in done.err


def test_different_data_is_named_and_nothing_runs(forest):
    forest.write("train.py", FOREST)
    forest.record("python", "train.py")
    data = forest.path / "iris.csv"
    data.write_text(data.read_text().replace("5.1", "5.2", 1))
    found = explained(forest, status=1)
    assert found["sentence"].startswith("not explained: input iris.csv differs")
    assert found["trials"] == []
