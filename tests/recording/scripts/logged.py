import os

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow

data = pd.read_csv("iris.csv")
X_train, X_test, y_train, y_test = train_test_split(
    data.drop(columns="target"), data["target"], random_state=2
)
mlflow.set_tracking_uri("file:./mlruns")
with mlflow.start_run():
    model = LogisticRegression(max_iter=500).fit(X_train, y_train)
    for step in range(3):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    mlflow.log_metric("accuracy", model.score(X_test, y_test))
