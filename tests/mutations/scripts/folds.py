import json

import pandas as pd
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.tree import DecisionTreeClassifier

data = pd.read_csv("iris.csv")
X, y = data.drop(columns="target"), data["target"]
tree = DecisionTreeClassifier(random_state=0)

shuffled = KFold(n_splits=4, shuffle=True, random_state=5)
scores = {"shuffled": cross_val_score(tree, X, y, cv=shuffled).tolist()}
repeated = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=1)
scores["repeated"] = cross_validate(tree, X, y, cv=repeated)["test_score"].tolist()
scores["plain"] = cross_val_score(
    tree, X, y, cv=RepeatedKFold(n_splits=2, n_repeats=2, random_state=2)
).tolist()

by_hand = []
for fit_rows, test_rows in StratifiedKFold(n_splits=3).split(X, y):
    model = SGDClassifier(random_state=3).fit(X.iloc[fit_rows], y.iloc[fit_rows])
    by_hand.append(model.score(X.iloc[test_rows], y.iloc[test_rows]))
scores["by hand"] = by_hand

with open("scores.json", "w") as file:
    json.dump(scores, file)
