"""Differences of two environments, ranked by whether they can explain a divergence.

Causes are not proven. A difference is a *suspect* where it can act at the step at which the
records diverge, and is called harmless only where a rule says why: what no rule knows can act. The
order follows two facts that were measured on several processors, library versions and C libraries:

- Different code paths (kernels, groups of functions, maths functions, numbers of threads) change
  the last bits: scores of smooth models moved by less than 1e-9 of their value. So where the
  greatest relative difference is that small, code paths come first.
- Larger differences come from a different algorithm: versions of the packages, or the code. Then
  these come first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.meaning import Mechanism
from repro.core.once import once
from repro.core.record_v1 import acts_of
from repro.core.verdict import Suspect
from repro.divergence.loaded import Loaded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.records import Stages, Step
    from repro.core.verdict import Divergence

ROUNDING = 1e-9

# Digests are tagged by kind. A fitted object that differs while the tables and arrays made with it
# agree has a different form, not different numbers: its library version wrote it down differently.
_OBJECT, _NUMBERS = "estimator/", ("array/", "frame/")

# Packages that only the command line, the configuration files and the reports go through: none of
# them is called between reading the table and the last digest.
_FRONT_DOOR = frozenset(
    {
        "annotated-types", "click", "colorama", "contourpy", "cycler", "fonttools", "jinja2",
        "kiwisolver", "markdown-it-py", "markupsafe", "matplotlib", "mdurl", "pillow", "pydantic",
        "pydantic-core", "pygments", "pyparsing", "pyyaml", "rfc8785", "rich",
        "typing-extensions", "typing-inspection",
    }
)  # fmt: skip

_LINE = re.compile(r":\d+$")
_FITTING = (Mechanism.FITTING,)
_ARITHMETIC = (Mechanism.ARITHMETIC,)
# Where a key of these kinds is looked up below; no key of an environment begins like this.
_LOADED, _READ, _USED, _IDLE = "<loaded>", "<read>", "<used>", "<front door>"


@dataclass(frozen=True)
class _Cause:
    """A kind of difference.

    Attributes
    ----------
    prefixes : tuple of str
        Of the environment's dotted keys.
    suffixes : tuple of str
        Any of them, where the key must end in one.
    through : tuple of Mechanism
        The mechanisms by which it acts; empty where it can act everywhere.
    rounds : bool
        Whether it changes last bits, rather than the algorithm.
    acts : bool
        Whether it can act on its own at all.
    readable : bool
        Whether it can act where foreign code was loaded, which may read it.
    """

    name: str
    prefixes: tuple[str, ...]
    rule: str
    through: tuple[Mechanism, ...] = ()
    suffixes: tuple[str, ...] = ("",)
    rounds: bool = False
    acts: bool = True
    readable: bool = False


# In the order of their weight, within those that round and those that do not.
_CAUSES = (
    _Cause(
        "architecture", ("platform.machine",), "different instructions compute", _ARITHMETIC,
        rounds=True,
    ),
    _Cause(
        "BLAS kernel", ("native.",), "fits and scores go through linear algebra", _FITTING,
        (".architecture", ".internal_api"), rounds=True,
    ),
    _Cause(
        "NumPy's code paths",
        ("code_paths.baseline", "code_paths.enabled", "code_paths.targets", "code_paths.functions"),
        "sums, exponentials and sorts with ties go through them", _ARITHMETIC, rounds=True,
    ),
    _Cause(
        "maths functions of the C library", ("code_paths.libm", "platform.libc"),
        "exponentials and logarithms go through them",
        (Mechanism.ARITHMETIC, Mechanism.SAMPLING), rounds=True,
    ),
    _Cause(
        "numbers of threads", ("native.", "threads.", "tensors.threads"),
        "the order of sums follows the number of threads", _FITTING,
        (".num_threads", "_THREADS", "_NT", "_LIMIT", "_COUNT", "_DYNAMIC", "tensors.threads"),
        rounds=True,
    ),
    _Cause(
        "ATen's code paths", ("tensors.aten",),
        "PyTorch's own functions, such as softmax and random numbers, go through them", rounds=True,
    ),
    _Cause(
        "MKL's code paths", ("tensors.mkl",),
        "PyTorch's products of matrices and solvers go through them", rounds=True,
    ),
    _Cause(
        "oneDNN's code paths", ("tensors.onednn",),
        "PyTorch's convolutions and recurrent layers go through them", rounds=True,
    ),
    _Cause("PyTorch's code paths", ("tensors",), "tensors are computed by them", rounds=True),
    _Cause(
        "PyTorch's results", ("tensor_fingerprint.",), "small computations of it gave other bits",
        rounds=True,
    ),
    _Cause("scikit-learn", ("packages.scikit-learn",), "it splits, fits and scores"),
    _Cause("NumPy", ("packages.numpy",), "every array goes through it"),
    _Cause("SciPy", ("packages.scipy",), "solvers and distances are SciPy's", _ARITHMETIC),
    _Cause(
        "pandas", ("packages.pandas",), "columns are derived and binned by it",
        (Mechanism.TABLES,),
    ),
    _Cause("LightGBM", ("packages.lightgbm",), "one family is fitted by it", _FITTING),
    _Cause("XGBoost", ("packages.xgboost",), "one family is fitted by it", _FITTING),
    _Cause("CatBoost", ("packages.catboost",), "one family is fitted by it", _FITTING),
    _Cause("the code", ("git.commit", _LOADED), "training ran it"),
    _Cause("files that own code reads", (_READ,), "training read them"),
    _Cause("environment variables that own code reads", ("variables.",), "training read them"),
    _Cause("packages of the estimators", (_USED,), "estimators come from them"),
    _Cause("versions of native libraries", ("native.",), "fits go through them", _FITTING),
    _Cause(
        "libraries from other folders", ("libraries.",),
        "they stand in for the system's own, or for those of a package",
    ),
    _Cause("hash seed", ("hash_seed",), "the order of sets follows it"),
    _Cause("Python", ("interpreter.",), "sums of plain floats changed between its versions"),
    _Cause("other packages", ("packages.",), "training may call them"),
    _Cause("packages of the front door", (_IDLE,), "training does not call them", acts=False),
    _Cause(
        "other files", ("code.", "git.dirty"), "training did not load them",
        acts=False, readable=True,
    ),
    _Cause("determinism level", ("level",), "it acts through what it fixes", acts=False),
    _Cause(
        "variables that steer code paths", ("code_paths.variables",),
        "they act through the code paths, which were read back", acts=False, readable=True,
    ),
    _Cause("class of bits", ("bits", "fingerprint"), "it sums up the others", acts=False),
    _Cause(
        "processor", ("cpu.",), "it acts through the code paths it leads to",
        acts=False, readable=True,
    ),
    _Cause(
        "system", ("platform.", "container.", "locale.", "lock", "git.", "host."),
        "no stage reads it", acts=False, readable=True,
    ),
    _Cause("other differences", ("",), "no rule rules them out"),
)  # fmt: skip


def suspects(
    differences: Mapping[str, tuple[object, object]],
    divergence: Divergence | None,
    relative: float | None,
    stages: Stages | None = None,
    loaded: Loaded | None = None,
) -> tuple[Suspect, ...]:
    """Rank the differences of two environments by whether they can explain a divergence.

    Parameters
    ----------
    differences : mapping of str to (expected, actual)
        By dotted key of the environment, and ``code.`` for files of code.
    divergence : Divergence or None
        Where the records diverge; None where that is not known, and everything can act.
    relative : float or None
        The greatest relative difference of a compared number; None without one.
    stages : Stages, optional
        Of the reference, with the mechanisms that can act in each; every one can where they are
        not given.
    loaded : Loaded, optional
    """
    loaded = loaded or Loaded()
    at = _stage_of(divergence, stages)
    small = relative is not None and relative <= ROUNDING and not _form_alone(divergence, at)
    left = {
        key: pair
        for key, pair in differences.items()
        if loaded.whole
        or not (key.startswith("packages.") and None in pair)
        or _package(key) in loaded.packages
    }
    return _ranked(left, divergence, at, small, loaded)


@once
def _ranked(
    left: dict[str, tuple[object, object]],
    divergence: Divergence | None,
    at: Step | None,
    small: bool,  # noqa: FBT001
    loaded: Loaded,
) -> tuple[Suspect, ...]:
    left = dict(left)
    found: list[tuple[tuple[bool, bool, int], Suspect]] = []
    for weight, cause in enumerate(_CAUSES):
        taken = {key: left.pop(key) for key in list(left) if _is_of(cause, key, loaded)}
        if not taken:
            continue
        acts, rule = _acts(cause, divergence, at, loaded)
        suspect = Suspect.model_validate(
            {"cause": cause.name, "differences": taken, "rule": rule, "can_act": acts}
        )
        found.append(((not acts, cause.rounds != small, weight), suspect))
    return tuple(suspect for _, suspect in sorted(found, key=lambda pair: pair[0]))


def _package(key: str) -> str:
    return key.removeprefix("packages.")


def _is_of(cause: _Cause, key: str, loaded: Loaded) -> bool:
    kind = key
    file = _LINE.sub("", key.removeprefix("code."))
    if file in loaded.files and key.startswith("code."):
        kind = _READ if loaded.is_data(file) else _LOADED
    elif key.startswith("packages.") and _package(key) in loaded.packages:
        kind = _USED
    elif key.startswith("packages.") and _package(key) in _FRONT_DOOR and not loaded.whole:
        kind = _IDLE
    return kind.startswith(cause.prefixes) and kind.endswith(cause.suffixes)


def _stage_of(divergence: Divergence | None, stages: Stages | None) -> Step | None:
    if divergence is None or stages is None:
        return None
    return next((stage for stage in stages.stages if stage.name == divergence.stage), None)


def _form_alone(divergence: Divergence | None, stage: Step | None) -> bool:
    """Return whether fitted objects alone differ, and no table or array that was made with them."""
    if divergence is None or stage is None:
        return False
    numbers = any(digest.startswith(_NUMBERS) for digest in stage.outputs.values())
    return numbers and all(
        stage.outputs.get(name, "").startswith(_OBJECT) for name in divergence.outputs
    )


def _acts(
    cause: _Cause, divergence: Divergence | None, stage: Step | None, loaded: Loaded
) -> tuple[bool, str]:
    if not cause.acts:
        if cause.readable and loaded.foreign:
            return True, "code that is not the pipeline's was loaded, and may read them"
        return False, cause.rule
    mechanisms = acts_of(stage) if stage else None
    if mechanisms is None or not cause.through or divergence is None or divergence.inputs:
        return True, cause.rule
    if set(cause.through) & set(mechanisms):
        return True, cause.rule
    return False, f"{cause.rule}, and '{divergence.stage}' does not"
