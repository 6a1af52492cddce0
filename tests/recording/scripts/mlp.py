import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


def main():
    data = pd.read_csv("iris.csv")
    X = torch.tensor(data.drop(columns="target").to_numpy(), dtype=torch.float32)
    y = torch.tensor(data["target"].to_numpy())
    loader = DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True, num_workers=2)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for epoch in range(3):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
        print("epoch", epoch, loss.item())
    torch.save(model.state_dict(), "model.pt")


if __name__ == "__main__":
    main()
