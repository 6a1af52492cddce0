"""Write what ``repro lint`` knows of scikit-learn: `python -m tools.callables`.

The package looks at programs without importing any library, so that the parameters of estimators,
splitters and functions are a table. A test compares it with the installed scikit-learn.
"""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "src" / "repro" / "lint" / "scikit_learn.json"
# A function is in the table if it takes one of these.
_ASKED = ("random_state", "n_jobs", "cv", "test_size")


def table() -> dict[str, object]:
    """Return the table of the installed scikit-learn."""
    import sklearn
    from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer

    assert enable_halving_search_cv, enable_iterative_imputer  # noqa: S101 - imported for its effect
    with warnings.catch_warnings():
        # Modules that are deprecated say so when they are looked through.
        warnings.simplefilter("ignore")
        found = {**_functions(), **_splitters(), **_estimators()}
    return {
        "schema": "repro.callables/v1",
        "library": "scikit-learn",
        "version": sklearn.__version__,
        "callables": dict(sorted(found.items())),
    }


def _estimators() -> dict[str, dict[str, object]]:
    from sklearn.utils.discovery import all_estimators

    return {
        name: _described("model" if hasattr(kind, "predict") else "transformer", kind)
        for name, kind in all_estimators()
    }


def _splitters() -> dict[str, dict[str, object]]:
    from sklearn import model_selection

    kinds = {name: getattr(model_selection, name) for name in model_selection.__all__}
    return {
        name: _described("splitter", kind)
        for name, kind in kinds.items()
        if inspect.isclass(kind) and hasattr(kind, "split") and not name.startswith("Base")
    }


def _functions() -> dict[str, dict[str, object]]:
    from sklearn.utils.discovery import all_functions

    return {
        name: _described("function", function)
        for name, function in all_functions()
        if {*_ASKED} & inspect.signature(function).parameters.keys()
    }


def _described(kind: str, function: object) -> dict[str, object]:
    parameters = dict(inspect.signature(function).parameters)  # type: ignore[arg-type]
    several = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    names = [name for name, each in parameters.items() if each.kind not in several]
    described: dict[str, object] = {"kind": kind, "parameters": names}
    if "random_state" in names and parameters["random_state"].default is None:
        # Without one, every call draws differently.
        described["draws"] = True
    if inspect.Parameter.VAR_POSITIONAL in {each.kind for each in parameters.values()}:
        described["variadic"] = True
    return described


def written(value: dict[str, object]) -> str:
    """Write the table with one line for each callable, so that differences can be read."""
    head = {key: each for key, each in value.items() if key != "callables"}
    callables = value["callables"]
    lines = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(each)}"
        for name, each in dict(callables).items()  # type: ignore[call-overload]
    )
    start = "".join(f"  {json.dumps(key)}: {json.dumps(each)},\n" for key, each in head.items())
    return f'{{\n{start}  "callables": {{\n{lines}\n  }}\n}}\n'


if __name__ == "__main__":
    TABLE.write_text(written(table()), encoding="utf-8")
