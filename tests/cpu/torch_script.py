"""Trains four networks of PyTorch, and prints a digest of the parameters at some of the steps."""

import hashlib

import torch
from torch import nn

STEPS, MARKS = 15, (1, 2, 4, 8, 15)
torch.manual_seed(0)
torch.use_deterministic_algorithms(True)
rows = torch.randn(256, 64)
images = torch.randn(64, 3, 16, 16)
texts = torch.randn(32, 20, 32)
labels = torch.arange(256) % 3


class Recurrent(nn.Module):
    """An LSTM and a layer on its last output."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.LSTM(32, 24, batch_first=True), nn.Linear(24, 3)

    def forward(self, x):
        return self.outer(self.inner(x)[0][:, -1])


class Attending(nn.Module):
    """A layer of a transformer, averaged over the positions."""

    def __init__(self):
        super().__init__()
        self.inner = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True)
        self.outer = nn.Linear(32, 3)

    def forward(self, x):
        return self.outer(self.inner(x).mean(dim=1))


MODELS = {
    "mlp": (nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 3)), rows),
    "cnn": (
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
                      nn.Linear(8 * 14 * 14, 3)),
        images,
    ),
    "lstm": (Recurrent(), texts),
    "transformer": (Attending(), texts),
}  # fmt: skip

for name, (model, x) in MODELS.items():
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels[: len(x)]).backward()
        optimizer.step()
        if step in MARKS:
            whole = b"".join(each.detach().numpy().tobytes() for each in model.parameters())
            print(name, step, hashlib.sha256(whole).hexdigest())
