"""The work that `prices.py` times: networks of PyTorch, and boosting; half a second each."""

# ruff: noqa: PLC0415 - a process imports the library of its own work alone

import numpy as np


def prepare(name):
    """Return a function that does the work; what is not timed is done before."""
    return _BOOSTERS[name]() if name in _BOOSTERS else _of_torch(name)


def _of_torch(name):
    import torch
    from torch import nn

    torch.manual_seed(0)
    labels = torch.arange(256) % 10
    if name == "gemm":
        left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)
        return lambda: [left @ right for _ in range(16)]

    class Last(nn.Module):
        """A classifier of the last position of a sequence, by a network for sequences."""

        def __init__(self, inner):
            super().__init__()
            self.inner, self.outer = inner, nn.Linear(64, 10)

        def forward(self, x):
            found = self.inner(x)
            return self.outer((found[0] if isinstance(found, tuple) else found)[:, -1])

    texts = torch.randn(64, 32, 64)
    cases = {
        "mlp": lambda: (
            nn.Sequential(nn.Linear(256, 512), nn.Tanh(), nn.Linear(512, 512), nn.Tanh(),
                          nn.Linear(512, 10)),
            torch.randn(256, 256), 30,
        ),
        "cnn": lambda: (
            nn.Sequential(nn.Conv2d(3, 32, 3), nn.BatchNorm2d(32), nn.ReLU(),
                          nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(32 * 14 * 14, 10)),
            torch.randn(64, 3, 32, 32), 5,
        ),
        "lstm": lambda: (Last(nn.LSTM(64, 64, batch_first=True)), texts, 15),
        "transformer": lambda: (
            Last(nn.TransformerEncoderLayer(64, 4, 256, batch_first=True)), texts, 10,
        ),
    }  # fmt: skip
    model, x, steps = cases[name]()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def train():
        for _ in range(steps):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), labels[: len(x)]).backward()
            optimizer.step()

    return train


def _table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10_000, 20))
    return X, (X[:, 0] * X[:, 1] + rng.normal(size=len(X)) > 0).astype(int)


def _lightgbm():
    from lightgbm import LGBMClassifier

    return lambda: LGBMClassifier(n_estimators=20, verbose=-1).fit(*_table())


def _xgboost():
    from xgboost import XGBClassifier

    return lambda: XGBClassifier(n_estimators=60).fit(*_table())


def _catboost():
    from catboost import CatBoostClassifier

    # It reads no variable for the number of its threads.
    model = CatBoostClassifier(
        n_estimators=60, verbose=0, allow_writing_files=False, thread_count=1
    )
    return lambda: model.fit(*_table())


_BOOSTERS = {"lightgbm": _lightgbm, "xgboost": _xgboost, "catboost": _catboost}
