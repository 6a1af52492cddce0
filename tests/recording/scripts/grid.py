import json

import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.svm import SVC

data = pd.read_csv("iris.csv")
X_train, X_test, y_train, y_test = train_test_split(
    data.drop(columns="target"), data["target"], random_state=3
)
search = GridSearchCV(SVC(), {"C": [0.1, 1, 10], "gamma": ["scale", "auto"]}, cv=3)
search.fit(X_train, y_train)
accuracy = accuracy_score(y_test, search.predict(X_test))
print("best", search.best_params_, accuracy)
with open("metrics.json", "w") as file:
    json.dump({"accuracy": accuracy, "best": search.best_params_}, file)
