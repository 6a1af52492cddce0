import json

import pandas as pd
from catboost import CatBoostClassifier, Pool, train

data = pd.read_csv("iris.csv")
X, y = data.drop(columns="target"), data["target"]
X["size"] = pd.cut(X["petal length (cm)"], 3, labels=["s", "m", "l"]).astype(str)
model = CatBoostClassifier(iterations=10, random_seed=3, verbose=0, cat_features=["size"])
model.fit(X[::2], y[::2])
pool = Pool(X[::2], y[::2], cat_features=["size"])
booster = train(pool, {"iterations": 5, "loss_function": "MultiClass", "verbose": 0})
model.save_model("model.cbm")
with open("scores.json", "w") as file:
    json.dump(
        {"accuracy": model.score(X[1::2], y[1::2]), "mean": float(booster.predict(pool).mean())},
        file,
    )
