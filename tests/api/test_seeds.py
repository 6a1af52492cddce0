"""Seeds of a program: what is set is what it says, and equal seeds give equal draws."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from sklearn.utils import check_random_state

import repro
from repro.core.errors import ConfigError
from repro.launch import Level


def derived(root: int, *name: str | int) -> int:
    """The seed from hashlib alone: parts with their lengths, the tag and the root first."""
    parts = [b"seed/v1", str(root).encode()]
    for part in name:
        parts += [b"int" if isinstance(part, int) else b"str", str(part).encode()]
    joined = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return int.from_bytes(hashlib.sha256(joined).digest()[:4], "big")


@pytest.mark.parametrize("name", [("split",), ("cv", "knn", 3), ("a", "3"), ("a", 3), ("é",)])
def test_a_derived_seed_is_that_of_runs(name: tuple[str | int, ...]) -> None:
    """SHA-256 of the tagged parts, which scikit-learn takes."""
    found = repro.derive_seed(42, *name)

    assert found == derived(42, *name)
    assert check_random_state(found).randint(2) in {0, 1}


def test_the_seeds_of_a_run_can_be_derived() -> None:
    """Those in seeds.json of a run have the golden values of `repro.seeding`."""
    assert repro.derive_seed(42, "split", "rows") == 4077743742


@pytest.mark.parametrize("seed", [-1, 2**32, "7", 1.0, True, None, np.array([1, 2])])
def test_no_seed_is_an_error_and_sets_nothing(seed: object) -> None:
    before = random.getstate()

    for function in (repro.seed_all, repro.ensure_reproducibility, repro.derive_seed):
        with pytest.raises(ConfigError, match=r"^seed "):
            function(seed, *(("a",) if function is repro.derive_seed else ()))

    assert random.getstate() == before


@pytest.mark.parametrize("name", [(), (1.5,), (None,), (True,)])
def test_no_name_is_an_error(name: tuple[object, ...]) -> None:
    with pytest.raises(ConfigError, match=r"^derive_seed: "):
        repro.derive_seed(42, *name)


def test_equal_seeds_give_equal_draws() -> None:
    """Those of `random` and of NumPy, seeded by their own functions."""
    found = repro.seed_all(np.int64(7))
    drawn = random.random(), np.random.rand(3).tolist()  # noqa: NPY002

    assert drawn == (random.Random(7).random(), np.random.RandomState(7).rand(3).tolist())
    assert dict(found.generators) == {"python": 7, "numpy": 7}
    assert found.seed == 7


def test_names_have_seeds_and_others_can_be_asked_for() -> None:
    found = repro.seed_all(7, names=["split", "forest"])

    assert dict(found.random_states) == {n: derived(7, n) for n in ("split", "forest")}
    assert found.random_state("cv", 2) == derived(7, "cv", 2)


def test_what_is_returned_is_frozen() -> None:
    found = repro.seed_all(7)

    with pytest.raises(TypeError):
        found.generators["python"] = 8  # type: ignore[index]
    with pytest.raises(AttributeError):
        found.seed = 8  # type: ignore[misc]


def run(code: str, *flags: str, **variables: str) -> str:
    kept = {n: v for n, v in os.environ.items() if n not in {"PYTHONHASHSEED", *variables}}
    command = [sys.executable, *flags, "-c", f"import repro\n{code}"]
    done = subprocess.run(
        command, env=kept | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("flags", "value", "expected"),
    [((), "0", "0"), ((), "5", "5"), ((), "random", "None"), (("-E",), "0", "None")],
)
def test_the_hash_seed_is_what_python_started_with(
    flags: tuple[str, ...], value: str, expected: str
) -> None:
    """What was set later counts for nothing."""
    found = run("print(repro.seed_all(1).hash_seed)", *flags, PYTHONHASHSEED=value)

    assert found == expected


def test_a_hash_seed_that_came_too_late_is_a_finding() -> None:
    code = (
        "import os; os.environ['PYTHONHASHSEED'] = '0'\n"
        "report = repro.ensure_reproducibility(1)\n"
        "print([f.name for f in report.findings if f.name == 'hash seed'], report.level)"
    )

    assert run(code) == "['hash seed'] seeded"


def test_threads_are_read_back_from_the_libraries() -> None:
    """Two of OpenBLAS, although the environment asked for one."""
    code = (
        "import numpy, threadpoolctl; threadpoolctl.threadpool_limits({})\n"
        "report = repro.ensure_reproducibility(1)\n"
        "print([f.found for f in report.findings if f.name == 'threads'] != [])"
    )

    assert run(code.format(2), OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2") == "True"
    assert run(code.format(1), OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1") == "False"


def test_at_a_level_nothing_is_found(tmp_path: os.PathLike[str]) -> None:
    """`repro exec` fixes all of it, and the level is read back."""
    script = tmp_path / "script.py"  # type: ignore[operator]
    script.write_text(
        "import repro\nreport = repro.ensure_reproducibility(1)\n"
        "print(report.level, report.passed, report.findings, report.seeds.hash_seed)\n"
    )
    command = ["-P", "-m", "repro", "exec", "--level", "strict", "--", sys.executable, script]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.returncode) == ("strict True () 0", 0), done.stderr


def test_a_level_in_the_variables_alone_is_not_in_force() -> None:
    """The environment says one thread; the library has two."""
    fixed = dict(Level.STRICT.variables)
    code = (
        "import numpy, threadpoolctl; threadpoolctl.threadpool_limits({})\n"
        "report = repro.ensure_reproducibility(1); print(report.level)"
    )

    assert run(code.format(2), **fixed) == "seeded"
    assert run(code.format(1), **fixed) == "strict"


def test_torch_is_left_alone_where_it_is_not_loaded() -> None:
    """Whether it is installed or not, the program has not loaded it."""
    code = "import sys; r = repro.seed_all(1); print('torch' in sys.modules, sorted(r.not_set))"

    assert run(code) == "False ['PYTHONHASHSEED', 'torch']"


@pytest.mark.scripts
def test_torch_is_seeded_where_it_is_loaded() -> None:
    import torch  # noqa: PLC0415 - only where it is installed

    report = repro.ensure_reproducibility(7)
    drawn = torch.rand(3)

    assert report.seeds.generators["torch"] == 7
    assert torch.equal(drawn, torch.rand(3, generator=torch.Generator().manual_seed(7)))
    assert torch.are_deterministic_algorithms_enabled()
    assert report.settings["torch_deterministic_algorithms"]


def test_importing_repro_imports_nothing() -> None:
    """Nor do its names, until one is used."""
    code = (
        "import sys; dir(repro)\n"
        "print([m for m in sys.modules if m.startswith(('repro.', 'numpy', 'pydantic'))])"
    )

    assert run(code) == "[]"
