"""A small and a medium training, bare or with a tracker: python tracked_script.py TRACKER SIZE."""

# ruff: noqa: PLC0415 - a process imports the tracker of its own row alone

import sys

from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(size):
    """Return a model, its parameters, its metrics and rows that it takes."""
    if size == "small":
        X, y = load_breast_cancer(return_X_y=True)
        parameters = {"C": 1.0, "max_iter": 100}
        model = make_pipeline(StandardScaler(), LogisticRegression(**parameters))
    else:
        X, y = make_classification(10_000, 20, random_state=0)
        parameters = {"n_estimators": 400, "min_samples_leaf": 3}
        model = RandomForestClassifier(**parameters, random_state=0, n_jobs=1)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model.fit(X_train, y_train)
    p = model.predict_proba(X_test)[:, 1]
    metrics = {
        "accuracy": accuracy_score(y_test, p > 0.5),
        "roc_auc": roc_auc_score(y_test, p),
        "log_loss": log_loss(y_test, p),
    }
    return model, parameters, metrics, X_test[:5]


def bare(size):
    print(train(size)[2])


def mlflow_metrics(size):
    import mlflow

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    with mlflow.start_run():
        _, parameters, metrics, _ = train(size)
        mlflow.log_params(parameters)
        mlflow.log_metrics(metrics)


def mlflow_model(size):
    import mlflow

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    with mlflow.start_run():
        model, parameters, metrics, rows = train(size)
        mlflow.log_params(parameters)
        mlflow.log_metrics(metrics)
        # The default format refuses the types of a forest.
        mlflow.sklearn.log_model(
            model, name="model", input_example=rows, serialization_format="cloudpickle"
        )


def mlflow_autolog(size):
    import mlflow

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.sklearn.autolog()
    with mlflow.start_run():
        print(train(size)[2])


def sacred(size):
    from sacred import Experiment
    from sacred.observers import FileStorageObserver

    experiment = Experiment("bench", save_git_info=False)
    experiment.observers.append(FileStorageObserver("sacred_runs"))
    experiment.add_config(size=size)

    @experiment.main
    def _main(_run, size):
        for name, value in train(size)[2].items():
            _run.log_scalar(name, value)

    experiment.run()


def wandb(size):
    import wandb as library

    with library.init(project="bench", mode="offline") as run:
        _, parameters, metrics, _ = train(size)
        run.config.update(parameters)
        run.log(metrics)


if __name__ == "__main__":
    tracked = (bare, mlflow_metrics, mlflow_model, mlflow_autolog, sacred, wandb)
    {each.__name__: each for each in tracked}[sys.argv[1]](sys.argv[2])
