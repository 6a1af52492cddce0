import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

np.random.seed(7)
data = pd.read_csv("iris.csv")
data["size"] = np.where(data["petal length (cm)"] > 4, "large", "small")
X, y = data.drop(columns="target"), data["target"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
columns = ColumnTransformer(
    [
        ("numbers", StandardScaler(), list(X.columns[:4])),
        ("size", OneHotEncoder(), ["size"]),
    ]
)
model = Pipeline([("columns", columns), ("forest", RandomForestClassifier(n_estimators=30))])
model.fit(X_train, y_train)
print("accuracy", model.score(X_test, y_test))
joblib.dump(model, "model.joblib")
