"""Why two records may part: differences of their environments, ranked by what can act where.

Nothing here is proven. A difference is a *suspect* where the rule below lets it act at the stage at
which the records part, and where it cannot act it is said so. The order follows two facts that were
measured on several processors, library versions and C libraries:

- Other code paths (kernels, groups of functions, maths functions, numbers of threads) change the
  last bits: scores of smooth models moved by less than 1e-9 of their value. So where the greatest
  relative difference is that small, code paths come first.
- Larger differences come from another algorithm: other versions of the packages, other code. Then
  these come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.comparison import Suspect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.verdict import Divergence

ROUNDING = 1e-9

# A fitted transformer that differs while the matrices it makes agree has another form, not other
# numbers: a version of its library wrote it down differently.
_FORM = ("preprocess", ("preprocessor",))

_FITTING = frozenset({"cross_validate", "fit", "predict", "leakage"})
_ARITHMETIC = _FITTING | {"derive", "preprocess", "evaluate", "drift", "constant"}
_SAMPLING = frozenset({"split", "fold"})
_EVERYWHERE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Cause:
    """A kind of difference.

    Attributes
    ----------
    prefixes : tuple of str
        Of the environment's dotted keys.
    suffixes : tuple of str
        Any of them, where the key must end in one.
    stages : frozenset of str
        Where it can act; empty for everywhere.
    rounds : bool
        Whether it changes last bits, rather than the algorithm.
    """

    name: str
    prefixes: tuple[str, ...]
    rule: str
    stages: frozenset[str] = _EVERYWHERE
    suffixes: tuple[str, ...] = ("",)
    rounds: bool = False
    acts: bool = True


# In the order of their weight, within those that round and those that do not.
_CAUSES = (
    _Cause(
        "architecture", ("platform.machine",), "other instructions compute", _ARITHMETIC,
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
        "exponentials and logarithms go through them", _ARITHMETIC | _SAMPLING, rounds=True,
    ),
    _Cause(
        "numbers of threads", ("native.", "threads."),
        "the order of sums follows the number of threads", _FITTING,
        (".num_threads", "_THREADS", "_NT", "_LIMIT", "_COUNT", "_DYNAMIC"), rounds=True,
    ),
    _Cause("scikit-learn", ("packages.scikit-learn",), "it splits, fits and scores"),
    _Cause("NumPy", ("packages.numpy",), "every array goes through it"),
    _Cause("SciPy", ("packages.scipy",), "solvers and distances are SciPy's", _ARITHMETIC),
    _Cause(
        "pandas", ("packages.pandas",), "columns are derived and binned by it",
        frozenset({"derive", "preprocess", "drift"}),
    ),
    _Cause("LightGBM", ("packages.lightgbm",), "one family is fitted by it", _FITTING),
    _Cause("the code", ("git.commit", "code.src/"), "every stage is the project's code"),
    _Cause("versions of native libraries", ("native.",), "fits go through them", _FITTING),
    _Cause("hash seed", ("hash_seed",), "the order of sets follows it"),
    _Cause("Python", ("interpreter.",), "sums of plain floats changed between its versions"),
    _Cause("other packages", ("packages.",), "training does not go through them", acts=False),
    _Cause("other files", ("code.", "git.dirty"), "training does not read them", acts=False),
    _Cause("determinism level", ("level",), "it acts through what it fixes", acts=False),
    _Cause(
        "variables that steer code paths", ("code_paths.variables",),
        "they act through the code paths, which were read back", acts=False,
    ),
    _Cause("class of bits", ("bits", "fingerprint"), "it names what the rest causes", acts=False),
    _Cause("processor", ("cpu.",), "it acts through the code paths it leads to", acts=False),
    _Cause(
        "system", ("platform.", "container.", "locale.", "lock", "git.", "host."),
        "no stage reads it", acts=False,
    ),
)  # fmt: skip


def suspects(
    differences: Mapping[str, tuple[object, object]],
    divergence: Divergence | None,
    relative: float | None,
) -> tuple[Suspect, ...]:
    """Rank the differences of two environments by whether they can explain a divergence.

    Parameters
    ----------
    differences : mapping of str to (expected, actual)
        By dotted key of the environment, and ``code.`` for files of code.
    divergence : Divergence or None
        Where the records part; None where that is not known, and everything can act.
    relative : float or None
        The greatest relative difference of a compared number; None where there is none.
    """
    if divergence is not None and divergence.inputs:
        # What went in differs already: no environment is needed to explain what came out.
        return ()
    found: list[tuple[tuple[bool, bool, int], Suspect]] = []
    # A package that one side lacks took no part: training would not have come to an end.
    left = {
        key: pair
        for key, pair in differences.items()
        if not (key.startswith("packages.") and None in pair)
    }
    for weight, cause in enumerate(_CAUSES):
        taken = {key: left.pop(key) for key in list(left) if _is_of(cause, key)}
        if not taken:
            continue
        acts, rule = _acts(cause, divergence)
        form = divergence is not None and (divergence.stage, divergence.outputs) == _FORM
        small = relative is not None and relative <= ROUNDING and not form
        likely = cause.rounds == small
        suspect = Suspect.model_validate(
            {"cause": cause.name, "differences": taken, "rule": rule, "can_act": acts}
        )
        found.append(((not acts, not likely, weight), suspect))
    return tuple(suspect for _, suspect in sorted(found, key=lambda pair: pair[0]))


def _is_of(cause: _Cause, key: str) -> bool:
    return key.startswith(cause.prefixes) and key.endswith(cause.suffixes)


def _acts(cause: _Cause, divergence: Divergence | None) -> tuple[bool, str]:
    if not cause.acts:
        return False, cause.rule
    if divergence is None or not cause.stages or divergence.stage in cause.stages:
        return True, cause.rule
    return False, f"{cause.rule}, and '{divergence.stage}' does not"
