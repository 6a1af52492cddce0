import numpy as np
import pandas as pd
import statsmodels.api as sm

np.random.seed(3)
data = pd.read_csv("iris.csv")
noise = np.random.normal(size=len(data))
model = sm.OLS(data["target"] + noise, sm.add_constant(data.drop(columns="target")))
result = model.fit()
print(result.params)
result.params.to_csv("params.csv")
