import os

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow
from mlflow.tracking import MlflowClient

mlflow.set_tracking_uri("file:./mlruns")
mlflow.sklearn.autolog(log_models=False, log_datasets=False)
data = pd.read_csv("iris.csv")
with mlflow.start_run() as run:
    model = LogisticRegression(C=0.5, max_iter=500).fit(data.drop(columns="target"), data["target"])
    for step in range(4):
        mlflow.log_metrics({"loss": 1 / (step + 1), "auc": np.float32(0.5)}, step=step)
    mlflow.log_params({"depth": 3, "name": "tree", "num_workers": 8})
    mlflow.log_param("rate", 0.1)
    client = MlflowClient()
    client.log_metric(run.info.run_id, "own", 2.0, step=1)
    client.log_metric(key="named", value=3.0, run_id=run.info.run_id)
    mlflow.log_metric("later", 1.5, synchronous=False).wait()
    client.log_metric(run.info.run_id, "system/cpu_utilization_percentage", 12.5)
    try:
        mlflow.log_metric("bad", "no number")
    except mlflow.exceptions.MlflowException:
        print("refused")
print(model.score(data.drop(columns="target"), data["target"]))
