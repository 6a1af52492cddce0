"""Parameters of estimators that reach further than a fit: files, hosts, caches, other machines.

None of them is a hyper-parameter: no digest holds what such a file says, and a cache only changes
how fast a result comes. So training refuses them, and a record that has one is not trained from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.config.functions import function_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FAMILIES = "repro.families"
TRANSFORMERS = "repro.transformers"
"""The package of the families that come with this program."""

# What the seed and the determinism level decide, by the names of scikit-learn and the boosters.
DECIDED = re.compile(r"random_state$|(^|_)seed$|^n_jobs$|^n(um)?_?threads?$|^thread_count$")
# Parameters of LightGBM that read or write files or use the network, by their main names.
# https://lightgbm.readthedocs.io/en/latest/Parameters.html
LIGHTGBM = (
    "config",
    "convert_model",
    "convert_model_language",
    "data",
    "forcedbins_filename",
    "forcedsplits_filename",
    "initscore_filename",
    "input_model",
    "local_listen_port",
    "machine_list_filename",
    "machines",
    "num_machines",
    "output_model",
    "output_result",
    "parser_config_file",
    "pre_partition",
    "save_binary",
    "snapshot_freq",
    "task",
    "time_out",
    "two_round",
    "valid",
    "valid_data_initscores",
)
# Their aliases in LightGBM 3 and 4. Where the library is loaded, its own table counts as well.
_ALIASES = frozenset(
    {
        "config_file",
        "convert_model_file",
        "data_filename",
        "forced_splits",
        "forced_splits_file",
        "forced_splits_filename",
        "fs",
        "init_score",
        "init_score_file",
        "init_score_filename",
        "input_init_score",
        "is_pre_partition",
        "is_save_binary",
        "is_save_binary_file",
        "local_port",
        "machine_list",
        "machine_list_file",
        "mlist",
        "model_in",
        "model_input",
        "model_out",
        "model_output",
        "name_pred",
        "nodes",
        "num_machine",
        "port",
        "pred_name",
        "predict_name",
        "predict_result",
        "prediction_name",
        "prediction_result",
        "save_period",
        "task_type",
        "test",
        "test_data",
        "test_data_file",
        "train",
        "train_data",
        "train_data_file",
        "two_round_loading",
        "use_two_round_loading",
        "valid_data",
        "valid_data_file",
        "valid_data_init_scores",
        "valid_filenames",
        "valid_init_score",
        "valid_init_score_file",
        "workers",
    }
)
# Parameters of CatBoost that read or write files.
# https://catboost.ai/docs/en/references/training-parameters/
_CATBOOST = frozenset(
    {
        "allow_writing_files",
        "input_borders",
        "output_borders",
        "save_snapshot",
        "snapshot_file",
        "snapshot_interval",
        "train_dir",
    }
)
_LEARNERS = frozenset({"tree_learner", "tree", "tree_type", "tree_learner_type"})
_NAME = re.compile(r"[A-Za-z_]\w*")
# LightGBM takes its parameters as one text of words with equals signs: no value may hold either.
_WORD = re.compile(r"[\w.,:@+\-\[\]]*")
_PLACE_NAME = re.compile(
    r"(^|_)(path|file|filename|folder|dir|directory|host|hostname|url|uri|address|socket|port)s?$"
)
_PLACE = re.compile(r"[/\\\0\n]|^~|^\.+$|^[\w.-]+:\d+$|\.[A-Za-z]\w{0,5}$")


def parameters(
    where: str, path: str, params: Mapping[str, object]
) -> Iterator[tuple[str, str, str, object]]:
    """Yield every parameter of a class and of the classes nested in its parameters.

    Yields
    ------
    tuple of (str, str, str, object)
        Where it stands, the path of its class, its name, and its value.
    """
    for name, value in params.items():
        yield where, path, name, value
        yield from _nested(f"{where}.{name}", value)


def reach(path: str, name: str, value: object) -> str:
    """Return what a parameter reaches beyond a fit; empty if nothing.

    Parameters
    ----------
    path : str
        The import path of the class, or of one that it derives from.
    """
    if not _NAME.fullmatch(name):
        return "is not the name of a parameter"
    if name == "memory" and value is not None and not isinstance(value, int | float):
        return "names a cache, from which pickles are read"
    if name == "pre_dispatch" and isinstance(value, str):
        return "is an expression that is evaluated"
    if name == "input" and value in ("file", "filename"):
        return "opens files that the data names"
    if _top(path) == "catboost" and name in _CATBOOST:
        return "is about files that a fit reads or writes"
    return _reach_of_lightgbm(name, value) if _top(path) == "lightgbm" else ""


def place(path: str, name: str, value: object) -> bool:
    """Return whether a parameter of somebody's own class looks like a file or a host.

    The use that such a class makes of it is unknown. scikit-learn opens nothing by a text.
    """
    if _top(path) in {"sklearn", "lightgbm"}:
        return False
    texts = [text for text in _texts(value) if text]
    port = name.rpartition("_")[2] in {"port", "ports"} and value is not None
    return port or any(_PLACE_NAME.search(name) or _PLACE.search(text) for text in texts)


def _top(path: str) -> str:
    return path.partition(":")[0].partition(".")[0]


def _reach_of_lightgbm(name: str, value: object) -> str:
    if name in LIGHTGBM or name in _ALIASES:
        return "names a file, a machine or a port"
    if name in _LEARNERS and value not in (None, "serial"):
        return "is for training on several machines"
    if not all(_WORD.fullmatch(text) for text in _texts(value)):
        return "is a text that could hold other parameters"
    return ""


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and "class" not in value and function_path(value) is None:
        # Its keys are labels, as in ``class_weight``.
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _texts(child)


def _nested(where: str, value: object) -> Iterator[tuple[str, str, str, object]]:
    """Yield the parameters of classes inside a value, be it a list or a mapping."""
    if isinstance(value, list | tuple):
        for child in value:
            yield from _nested(where, child)
    elif isinstance(value, dict):
        params = value.get("params")
        if isinstance(value.get("class"), str) and isinstance(params, dict):
            yield from parameters(where, value["class"], params)
            return
        for child in value.values():
            yield from _nested(where, child)


def comes_with_repro(module: str) -> bool:
    """Return whether a module has the families or transformers that every project may use.

    Examples
    --------
    >>> comes_with_repro("repro.families.torch_mlp"), comes_with_repro("repro.cli")
    (True, False)
    """
    return module == TRANSFORMERS or module.startswith(f"{FAMILIES}.")
