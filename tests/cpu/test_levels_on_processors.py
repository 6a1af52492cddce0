"""Levels on other processors: one result where that is promised, and told where it cannot be."""

import json
import sys

import pytest
from tests.conftest import ROOT, make_project

from repro.core.errors import PreconditionError
from repro.core.jsonfile import load_record
from repro.core.record import FunctionRecipe, RunRecord
from repro.execution.places import Silent
from tools.cpu_bench.bench import by_name
from tools.cpu_bench.place import Processor

MATRIX = (sys.executable, "-m", "tools.cpu_matrix")
COMPARED = ("stages.json", "metrics.json", "predictions.csv")
NEHALEM, SANDYBRIDGE, HASWELL = map(by_name, ("nehalem", "sandybridge", "haswell"))
EPYC, ZEN4 = map(by_name, ("epyc", "zen4"))
# Sums, products and functions whose last bits depend on the processor, by a hash.
SCRIPT = """
import hashlib, numpy as np, scipy.linalg
x = np.linspace(-5, 5, 90_000).reshape(300, 300)
total = hashlib.sha256()
for part in (np.exp(x), np.tanh(x), x @ x.T, scipy.linalg.inv(x + 10 * np.eye(300))):
    total.update(part.tobytes())
print(total.hexdigest())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("cpu") / "project")


@pytest.fixture
def train(on, project):
    """Train in seconds on a processor, at a level."""

    def train(cpu, level, **variables):
        done = on(
            cpu, "-m", "repro", "train", "breast_cancer", "--profile", "debug", "--level", level,
            "-m", "logistic_regression", "-m", "knn", "-m", "svm", "--json",
            "--project", project.path, **variables,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        run = project.path / json.loads(done.stdout)["path"]
        environment = json.loads((run / "environment.json").read_text())["environment"]
        return environment, [(run / name).read_bytes() for name in COMPARED]

    return train


@pytest.mark.parametrize(
    ("level", "first", "others", "bits"),
    [
        ("portable", HASWELL, (EPYC, ZEN4), "x86-64-v3"),
        ("portable-v2", NEHALEM, (SANDYBRIDGE, HASWELL, ZEN4), "x86-64-v2"),
    ],
)
def test_a_portable_level_gives_the_same_bytes_everywhere(train, mask, level, first, others, bits):
    """Whatever the processor, with the class of bits and the fingerprint of the oldest one."""
    expected, files = train(first, level)
    there = [cpu for cpu in others if not mask.reason_to_skip(cpu)]

    assert expected["bits"] == bits
    assert there
    for cpu in there:
        environment, found = train(cpu, level)
        assert (cpu.name, environment["bits"], found == files) == (cpu.name, bits, True)
        assert environment["fingerprint"] == expected["fingerprint"]


def test_strict_differs_as_the_fingerprint_says(train):
    """The control: without pins two generations part, and their fingerprints with them."""
    left, files = train(NEHALEM, "strict")
    right, others = train(HASWELL, "strict")

    assert (left["bits"], right["bits"]) == ("x86-64-v2", "x86-64-v3")
    assert files[0] != others[0]
    assert left["fingerprint"]["digest"] != right["fingerprint"]["digest"]


def test_a_processor_below_the_level_gets_an_error_and_the_level_that_works(on, project):
    """No illegal instruction, no traceback."""
    done = on(
        NEHALEM, "-m", "repro", "train", "--profile", "debug", "--project", project.path
    )  # fmt: skip

    assert done.returncode == 3
    assert "needs a processor of x86-64-v3; this one lacks avx" in done.stderr
    assert "--level portable-v2" in done.stderr


def test_a_kernel_above_the_processor_is_named_before_it_can_crash(on, project):
    """At the level that lets the caller's variables in; others keep them out."""
    train = ("-m", "repro", "train", "--profile", "debug", "--project", project.path, "--level")
    asked = {"OPENBLAS_CORETYPE": "Haswell"}
    seeded = on(NEHALEM, *train, "seeded", **asked)

    assert seeded.returncode == 3
    assert "requests a kernel for a newer processor" in seeded.stderr
    assert on(NEHALEM, *train, "portable-v2", **asked).returncode == 0


def test_a_script_of_ones_own_gives_one_output(on, mask, tmp_path):
    """`repro exec` on two processors: the same output of a script that differs without it."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    launch = ("-m", "repro", "exec", "--level", "portable-v2", "--", sys.executable, script)
    alone = {on(cpu, script).stdout for cpu in (NEHALEM, HASWELL)}
    pinned = {on(cpu, *launch).stdout for cpu in (NEHALEM, HASWELL)}

    assert (len(alone), len(pinned)) == (2, 1)
    assert len(pinned.pop().strip()) == 64


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("-c", "haswel"), 2, "'haswel' is not one of"),
        (("-c", "nehalem", "-e", "wne"), 2, "did you mean 'wine'?"),
        (("-c", "nehalem", "-e", "diabetes", "-l", "portable"), 1, "on 1 processor: no comparison"),
    ],
)
def test_a_matrix_that_compares_nothing_is_no_pass(run, mask, arguments, status, told):
    """A slip is an error, and one processor is no matrix."""
    done = run(*MATRIX, "-p", "debug", *arguments)

    assert (done.returncode, told in done.stdout + done.stderr) == (status, True), done.stderr


def test_the_matrix_holds(run, mask):
    """The command that prints it, in its quickest form, with its own check of the promise."""
    cpus = [c.name for c in (NEHALEM, HASWELL, ZEN4) if not mask.reason_to_skip(c)]
    chosen = [word for name in cpus for word in ("-c", name)]
    done = run(
        *MATRIX, "-p", "debug", "-e", "diabetes", *chosen,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "stage outputs have one digest" in done.stdout
    assert "holds: strict gives " in done.stdout
    assert "portable-v2 gives one result on " in done.stdout


def test_a_processor_is_a_place(mask):
    """It executes experiments alone, and says at once that it is below a level."""
    place = Processor(mask, NEHALEM)
    file = ROOT / "tests" / "data" / "record_v2.json"
    recipe = load_record(file.read_bytes(), file.name, RunRecord).recipe
    function = FunctionRecipe(kind="function", target="os:abort")

    assert place.lacks(ROOT, recipe) is None
    assert "only the recipe of an experiment" in place.lacks(ROOT, function).reason
    with pytest.raises(PreconditionError, match="needs a processor of x86-64-v3, and this one l"):
        place.execute(ROOT, recipe, Silent())
