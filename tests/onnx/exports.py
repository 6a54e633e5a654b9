"""Random PyTorch modules as ONNX files, as torch.onnx.export writes them, with what they compute.

    /usr/bin/python3 tests/onnx/exports.py 200 build/exports.json
    /usr/bin/python3 tests/onnx/exports.py small tests/vectors/onnx.json

Debian's python3-torch. `small` is a few of them, for the tests.
"""

import base64
import io
import json
import random
import sys
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")


class Net(nn.Module):
    """Something in front, a stack of recurrent layers, a choice of their outputs, a head."""

    def __init__(self, rng):
        super().__init__()
        self.kind = rng.choice(["LSTM", "LSTM", "GRU", "RNN"])
        self.batch_first = rng.random() < 0.6
        self.both = rng.random() < 0.3
        self.depth = rng.choice([1, 1, 2])
        self.tokens = rng.randrange(3, 9) if rng.random() < 0.25 else 0
        self.inputs = rng.randrange(1, 7)
        units = rng.randrange(1, 10)
        self.front = "embedding" if self.tokens else rng.choice(["", "", "linear", "conv", "chomp", "scale", "norm", "batchnorm", "pointwise"])
        size = self.inputs
        if self.front in ("embedding", "linear", "conv", "chomp", "pointwise"):
            size = rng.randrange(1, 7)
        dilation = rng.choice([1, 2])
        self.past = 2 * dilation
        if self.front == "embedding":
            self.embedding = nn.Embedding(self.tokens, size)
        if self.front == "linear":
            self.linear = nn.Sequential(nn.Linear(self.inputs, size), rng.choice([nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Hardsigmoid])())
        if self.front in ("conv", "chomp"):
            self.conv = nn.Conv1d(self.inputs, size, 3, padding=self.past if self.front == "chomp" else 0, dilation=dilation)
        if self.front == "pointwise":
            self.conv = nn.Conv1d(self.inputs, size, 1)
        if self.front == "norm":
            self.norm = nn.LayerNorm(self.inputs, eps=rng.choice([1e-5, 1e-3]))
        if self.front == "batchnorm":
            self.norm = nn.BatchNorm1d(self.inputs)
        if self.front == "scale":
            self.register_buffer("mean", torch.randn(self.inputs))
            self.register_buffer("deviation", torch.rand(self.inputs) + 0.5)
        more = {"nonlinearity": "relu"} if self.kind == "RNN" and rng.random() < 0.4 else {}
        bias = rng.random() < 0.8
        self.rnn = getattr(nn, self.kind)(
            size, units, self.depth, bias=bias, bidirectional=self.both, batch_first=self.batch_first, dropout=0.2 if self.depth > 1 else 0, **more
        )
        self.units = units
        choices = ["every", "every", "state", "mean", "max"]
        choices += ["both ends"] if self.both else ["last", "slice", "residual"]
        self.take = rng.choice(choices)
        if self.take == "residual" and size != units:
            self.take = "last"
        wide = units * (2 if self.both else 1)
        head = []
        if rng.random() < 0.3:
            head += [nn.LayerNorm(wide)]
        if rng.random() < 0.3:
            head += [nn.Linear(wide, wide), rng.choice([nn.ReLU, nn.Tanh])(), nn.Dropout(0.3)]
        if rng.random() < 0.85:
            head += [nn.Linear(wide, rng.randrange(1, 5), bias=rng.random() < 0.8)]
        if rng.random() < 0.3:
            head += [nn.Sigmoid()]
        self.head = nn.Sequential(*head)
        self.zeros = rng.random() < 0.3
        self.states = not self.zeros and rng.random() < 0.2

    def forward(self, x, *states):
        time = 1 if self.batch_first else 0
        if self.front == "embedding":
            x = self.embedding(x)
        elif self.front == "linear":
            x = self.linear(x)
        elif self.front == "norm":
            x = self.norm(x)
        elif self.front == "scale":
            x = (x - self.mean) / self.deviation
        elif self.front:
            x = x.permute((0, 2, 1) if self.batch_first else (1, 2, 0))
            if self.front == "conv":
                x = nn.functional.pad(x, (self.past, 0))
            x = self.norm(x) if self.front == "batchnorm" else self.conv(x)
            if self.front == "chomp":
                x = x[:, :, : -self.past]
            x = x.permute((0, 2, 1) if self.batch_first else (2, 0, 1))
        if self.zeros:
            batch = x.size(0 if self.batch_first else 1)
            zero = torch.zeros(self.depth * (2 if self.both else 1), batch, self.units)
            states = (zero, zero.clone()) if self.kind == "LSTM" else (zero,)
        state = None if len(states) == 0 else states if self.kind == "LSTM" else states[0]
        out, last = self.rnn(x, state)
        h = last[0] if self.kind == "LSTM" else last
        if self.take == "state":
            out = torch.cat((h[-2], h[-1]), 1) if self.both else h[-1]
        elif self.take == "mean":
            out = out.mean(time)
        elif self.take == "max":
            out = out.max(time)[0] if False else out.amax(time)
        elif self.take == "last":
            out = out[:, -1] if self.batch_first else out[-1]
        elif self.take == "slice":
            out = (out[:, -1:, :] if self.batch_first else out[-1:]).squeeze(time)
        elif self.take == "residual":
            out = out + x
        elif self.take == "both ends":
            first, end = (out[:, 0], out[:, -1]) if self.batch_first else (out[0], out[-1])
            out = torch.cat((end[:, : self.units], first[:, self.units :]), 1)
        out = self.head(out)
        return (out, last) if self.states else out

SMALL = [11, 35, 38, 57, 61, 66, 79, 109, 124, 148, 150, 193]


def make(seed):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    net = Net(rng).eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.4)
    if net.front == "batchnorm":
        net.norm.running_mean.normal_()
        net.norm.running_var.uniform_(0.5, 2)
    T, B = rng.randrange(2, 9), rng.choice([1, 1, 2, 3])
    shape = (B, T) if net.batch_first else (T, B)
    x = torch.randint(0, net.tokens, shape) if net.tokens else torch.randn(*shape, net.inputs)
    states = ()
    if net.states:
        zero = torch.zeros(net.depth * (2 if net.both else 1), B, net.units)
        states = (zero, zero.clone()) if net.kind == "LSTM" else (zero,)
    axes = {0: "batch", 1: "time"} if net.batch_first else {0: "time", 1: "batch"}
    dynamic = rng.random() < 0.6
    opset = rng.choice([9, 11, 12, 13, 14, 15, 16])
    names = ["input"] + [f"state{i}" for i in range(len(states))]
    file = io.BytesIO()
    torch.onnx.export(
        net,
        (x, *states),
        file,
        opset_version=opset,
        do_constant_folding=rng.random() < 0.7,
        input_names=names,
        dynamic_axes={"input": axes, **{name: {1: "batch"} for name in names[1:]}} if dynamic else None,
    )
    with torch.no_grad():
        y = net(x, *states)
    y = y[0] if isinstance(y, tuple) else y
    if y.dim() == 3 and not net.batch_first:
        y = y.transpose(0, 1)
    if not net.batch_first:
        x = x.transpose(0, 1)
    about = f"{net.kind} {net.front} {net.take} {'both ' if net.both else ''}opset {opset}{' dynamic' if dynamic else ''}"
    return {
        "about": about,
        "file": base64.b64encode(file.getvalue()).decode(),
        "inputs": [[round(v, 7) for v in row.flatten().tolist()] for row in x],
        "outputs": [[round(v, 7) for v in row.flatten().tolist()] for row in y],
    }


what, path = sys.argv[1:]
seeds = SMALL if what == "small" else range(int(what))
with open(path, "w") as out:
    json.dump([make(seed) for seed in seeds], out)
print(torch.__version__)
