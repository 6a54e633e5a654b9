"""The network of memcell/forecast in PyTorch: the same inputs, windows, batches, optimizer, averaged parameters and epochs.

    python3 beside.py DATA SEED UNITS EPOCHS BATCH   (beside.ts calls it)
"""
import json
import sys
import time

import numpy as np
import torch

path, seed, units, epochs, batch = sys.argv[1], *map(int, sys.argv[2:6])
torch.manual_seed(seed)
torch.set_num_threads(1)
with open(path + ".json") as file:
    meta = json.load(file)
F, H, Q, WINDOW = meta["features"], meta["horizon"], len(meta["quantiles"]), meta["window"]
quantiles = torch.tensor(meta["quantiles"])
data = torch.from_numpy(np.fromfile(path + ".bin", dtype=np.float32))
inputs = data[: meta["rows"] * F].reshape(-1, F)
truths = data[meta["rows"] * F :].reshape(2, -1, H)  # to learn from, to validate on


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(F, units, batch_first=True)
        self.dropout = torch.nn.Dropout(0.25)
        self.dense = torch.nn.Linear(units, H * Q)
        with torch.no_grad():
            self.dense.weight /= 8

    def forward(self, x, state=None):
        y, state = self.gru(x, state)
        return self.dense(self.dropout(y)).reshape(*y.shape[:2], H, Q), state


def pinball(y, truth):
    there = ~torch.isnan(truth)
    error = torch.where(there, truth, torch.zeros(()))[..., None] - y
    loss = torch.maximum(error * quantiles, error * (quantiles - 1))
    return (loss * there[..., None]).sum() / (there.sum() * Q)


network = Network()
mean = torch.optim.swa_utils.AveragedModel(network, avg_fn=lambda a, p, n: a + (p - a) * max(1 - 0.98, 1 / (float(n) + 1)))
optimizer = torch.optim.Adam(network.parameters(), lr=0.006)
edges = meta["edges"]
best, start = float("inf"), time.perf_counter()
for epoch in range(epochs):
    network.train()
    order = torch.randperm(len(edges) - 1).tolist()
    for first in range(0, len(order), batch):
        rows = [(edges[i], edges[i + 1]) for i in order[first : first + batch]]
        T = max(to - of for of, to in rows)
        x = torch.zeros(len(rows), T, F)
        y = torch.full((len(rows), T, H), float("nan"))
        for row, (of, to) in enumerate(rows):
            x[row, : to - of] = inputs[of:to]
            y[row, : to - of] = truths[0, of:to]
        state = None
        for at in range(0, T, WINDOW):
            said, state = network(x[:, at : at + WINDOW], state)
            state = state.detach()
            loss = pinball(said, y[:, at : at + WINDOW])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1)
            optimizer.step()
            mean.update_parameters(network)
    mean.eval()
    with torch.no_grad():
        said, _ = mean(inputs[None])
        best = min(best, pinball(said, truths[1][None]).item())
print(json.dumps({"validation": best, "seconds": time.perf_counter() - start}))
