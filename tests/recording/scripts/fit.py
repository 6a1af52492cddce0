import json

import pandas as pd
from sklearn.linear_model import SGDClassifier

data = pd.read_parquet("clean.parquet")
X, y = data.drop(columns="target"), data["target"]
model = SGDClassifier(random_state=1).fit(X, y)
with open("result.json", "w") as file:
    json.dump({"accuracy": model.score(X, y), "coef": model.coef_.tolist()}, file)
