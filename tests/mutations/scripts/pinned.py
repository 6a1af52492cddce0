import json

import pandas as pd
from mutated_centring import centre
from mutated_scaling import scale
from sklearn.linear_model import RidgeClassifier

data = pd.read_csv("iris.csv")
X, y = centre(scale(data.drop(columns="target"))), data["target"]
model = RidgeClassifier().fit(X, y)
with open("scores.json", "w") as file:
    json.dump(model.decision_function(X).tolist(), file)
