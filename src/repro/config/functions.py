"""Functions as parameters: ``{function: "module:name"}`` in place of a value.

Of libraries only the functions of ``KNOWN`` may be named: they compute numbers from arrays, and
touch nothing else. All others are functions of a module that ``security.allowed_modules`` names.
"""

from __future__ import annotations

LIBRARIES = frozenset({"catboost", "lightgbm", "numpy", "pandas", "scipy", "sklearn", "xgboost"})
"""Top-level modules of which only the functions of ``KNOWN`` may be named."""

_NUMPY = (
    "absolute",
    "arcsinh",
    "arctan",
    "cbrt",
    "cos",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "negative",
    "reciprocal",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
)
_SELECTION = (
    "chi2",
    "f_classif",
    "f_regression",
    "mutual_info_classif",
    "mutual_info_regression",
    "r_regression",
)
KNOWN = frozenset(
    {f"numpy:{name}" for name in _NUMPY}
    | {f"scipy.special:{name}" for name in ("expit", "logit")}
    | {f"sklearn.feature_selection:{name}" for name in _SELECTION}
)
"""The functions of libraries that every project may use, as ``module:name``."""

_KEY = "function"


def function_path(value: object) -> str | None:
    """Return the path of a value that names a function; None of any other value.

    Examples
    --------
    >>> function_path({"function": "numpy:log1p"})
    'numpy:log1p'
    >>> function_path({"function": 2.0}) is None
    True
    """
    if not isinstance(value, dict) or value.keys() != {_KEY}:
        return None
    path = value[_KEY]
    return path if isinstance(path, str) else None
