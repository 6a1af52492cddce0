import pandas as pd
import sklearn.model_selection as selection
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

data = pd.read_csv("iris.csv")
X, y = data.drop(columns="target"), data["target"]
X_rest, X_test, y_rest, y_test = train_test_split(
    X,
    y,
    test_size=0.2,
    stratify=y,
    random_state=0,
)
X_train, X_valid, y_train, y_valid = selection.train_test_split(
    X_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=1
)
model = LogisticRegression(max_iter=500).fit(X_train, y_train)
scores = pd.DataFrame(model.predict_proba(X_test))
scores["valid"] = model.score(X_valid, y_valid)
scores.to_csv("scores.csv", index=False)
