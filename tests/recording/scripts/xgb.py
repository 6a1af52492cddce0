import pandas as pd
import xgboost as xgb
from sklearn.metrics import log_loss

data = pd.read_csv("iris.csv").sample(frac=1, random_state=0)
train, test = data.iloc[:100], data.iloc[100:]
X, y = train.drop(columns="target"), train["target"]

model = xgb.XGBClassifier(n_estimators=20, subsample=0.7, random_state=4)
model.fit(X, y)
print(log_loss(test["target"], model.predict_proba(test.drop(columns="target"))))

parameters = {"objective": "multi:softprob", "num_class": 3, "seed": 2}
booster = xgb.train(parameters, xgb.DMatrix(X, label=y), 5)
booster.save_model("model.json")
