import pandas as pd
from sklearn.linear_model import LogisticRegression

data = pd.read_csv("iris.csv")
model = LogisticRegression(max_iter=500).fit(data.drop(columns="target"), data["target"])
with open("half.txt", "w") as file:
    file.write("half-way")
raise SystemExit(3)
