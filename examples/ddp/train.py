"""One of several processes (RANK of WORLD_SIZE): each has its share of the sequences, and all have the same parameters."""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

folder = Path(sys.argv[1])
EPOCHS = 60


class Net(nn.Module):
    def __init__(self, features, units):
        super().__init__()
        self.rnn = nn.LSTM(features, units, batch_first=True)
        self.head = nn.Linear(units, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


def load(path):
    """A safetensors file, without the package of that name: a length, a header of JSON, bytes."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(bytearray(data[end + a : end + b]), dtype=torch.float32).reshape(entry["shape"])
        for name, entry in header.items()
        for a, b in [entry["data_offsets"]]
    }


def numbers(name, *shape):
    return torch.frombuffer(bytearray((folder / name).read_bytes()), dtype=torch.float32).reshape(shape)


dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
sizes = json.loads((folder / "sizes.json").read_text())
N, T = sizes["sequences"], sizes["steps"]
inputs, targets = numbers("inputs.f32", N, T, sizes["features"]), numbers("targets.f32", N, T, 1)

net = Net(sizes["features"], sizes["units"])
net.load_state_dict(load(folder / "net.safetensors"))
ddp = nn.parallel.DistributedDataParallel(net)
optimizer = torch.optim.Adam(ddp.parameters(), lr=0.01)
share = torch.arange(rank, N, world)
for epoch in range(EPOCHS):
    for batch in share.split(8):
        optimizer.zero_grad()
        # The gradients of all processes become their mean while this one goes back.
        loss = nn.functional.mse_loss(ddp(inputs[batch]), targets[batch])
        loss.backward()
        nn.utils.clip_grad_norm_(ddp.parameters(), 1)
        optimizer.step()
    if rank == 0 and (epoch + 1) % 20 == 0:
        print(f"epoch {epoch + 1}: {loss.item():.4f}", flush=True)

if rank == 0:
    torch.save(net.state_dict(), folder / "net.pt")
    with torch.no_grad():
        (folder / "outputs.f32").write_bytes(net(inputs[:1]).numpy().tobytes())
dist.destroy_process_group()
