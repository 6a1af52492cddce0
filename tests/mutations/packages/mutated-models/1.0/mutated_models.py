from sklearn.linear_model import LogisticRegression


class Shrunk(LogisticRegression):
    """Logistic regression with the strength of regularisation that this version sets."""

    def fit(self, X, y, sample_weight=None):
        self.C = 1.0
        return super().fit(X, y, sample_weight)
