"""What is watched of each library; imported when the recorded program imports the library.

A different distribution adds its own by an entry point of the group ``repro.tracing``: the name is
the module to wait for, and the value is ``module:function``, called with the module and a
``tracing.recorder.Recorder``.
"""

_HERE = "repro.tracing.adapters"

ADAPTERS = {
    "random": f"{_HERE}.generators:python",
    "numpy.random": f"{_HERE}.generators:numpy",
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
    "mlflow": f"{_HERE}.trackers:mlflow",
}
"""By module: the function that is called once it has been imported."""
