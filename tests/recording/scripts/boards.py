import numpy as np
import wandb
from tensorboardX import SummaryWriter

run = wandb.init(mode="offline", project="iris")
with SummaryWriter("boards") as writer:
    for step in range(3):
        loss = np.float32(1.0 / (step + 1))
        wandb.log({"valid": {"loss": loss}, "name": "iris"})
        writer.add_scalar("train/loss", loss, step)
    writer.add_scalars("accuracy", {"train": 0.5, "valid": 0.25}, 3)
run.finish()
