import lightgbm as lgb
import numpy as np
import pandas as pd

data = pd.read_csv("iris.csv")
rng = np.random.default_rng(1)
rows = rng.permutation(len(data))
train, test = data.iloc[rows[:100]], data.iloc[rows[100:]]

parameters = {
    "objective": "multiclass",
    "num_class": 3,
    "verbose": -1,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "min_data_in_leaf": 5,
    "seed": 5,
}
dataset = lgb.Dataset(train.drop(columns="target"), train["target"])
booster = lgb.train(parameters, dataset, num_boost_round=20)
scores = booster.predict(test.drop(columns="target"))
pd.DataFrame(scores).to_csv("scores.csv", index=False)
booster.save_model("model.txt")
