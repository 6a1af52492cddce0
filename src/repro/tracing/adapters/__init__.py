"""Adapters, one per library; each is imported when the recorded program imports its library.

Other distributions add adapters by entry points of the group ``repro.tracing``: the name is the
module to wait for, and the value is ``module:function``. The function is called with the module and
a ``tracing.recorder.Recorder``.
"""

_HERE = "repro.tracing.adapters"

GENERATORS = {
    "random": f"{_HERE}.generators:python",
    "numpy.random": f"{_HERE}.generators:numpy",
    "torch": f"{_HERE}.generators:torch",
}
"""Those that watch global generators."""

ADAPTERS = {
    **GENERATORS,
    "numpy": f"{_HERE}.tables:numpy",
    "pandas": f"{_HERE}.tables:pandas",
    "pickle": f"{_HERE}.dumps:pickle",
    "joblib": f"{_HERE}.dumps:joblib",
    "sklearn.metrics": f"{_HERE}.scikit_learn:metrics",
    "sklearn.model_selection": f"{_HERE}.scikit_learn:model_selection",
    "sklearn.datasets": f"{_HERE}.scikit_learn:datasets",
    "scipy.optimize": f"{_HERE}.optimization:scipy",
    "lightgbm": f"{_HERE}.boosters:lightgbm",
    "xgboost": f"{_HERE}.boosters:xgboost",
    "torch": f"{_HERE}.torch:torch",
    "torch.utils.data": f"{_HERE}.torch:data",
    "catboost": f"{_HERE}.boosters:catboost",
    "mlflow": f"{_HERE}.trackers:mlflow",
    "wandb": f"{_HERE}.trackers:wandb",
    "tensorboardX": f"{_HERE}.trackers:tensorboard",
    "torch.utils.tensorboard": f"{_HERE}.trackers:tensorboard",
}
"""The function to call once a module has been imported, by the name of the module."""
