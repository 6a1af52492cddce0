import pandas as pd

data = pd.read_csv("iris.csv")
data[data["target"] > 0].to_parquet("clean.parquet")
