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


class WrittenNorm(nn.Module):
    """Layer normalisation in other words: with 1 / sqrt, with squares in place of differences, and by way of TensorFlow's shift."""

    def __init__(self, size, kind):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(size)), nn.Parameter(torch.zeros(size))
        self.kind = kind

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        if self.kind == "squares":
            variance = (x * x).mean(-1, keepdim=True) - mean * mean
        else:
            variance = (x - mean).pow(2).mean(-1, keepdim=True)
        scale = torch.rsqrt(variance + 1e-3)
        if self.kind == "shift":
            scale = scale * self.weight
            return x * scale + (self.bias - mean * scale)
        return (x - mean) * scale * self.weight + self.bias


class Written(nn.Module):
    """A cell written out, in one of the ways that people write it. One call is one step."""

    def __init__(self, kind, inputs, units, form):
        super().__init__()
        self.kind, self.form = kind, form
        rows = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind] * units
        self.x, self.h = nn.Linear(inputs, rows), nn.Linear(units, rows)
        self.joint = nn.Linear(inputs + units, rows)
        self.reset = nn.Linear(units, units, bias=False)

    def forward(self, x, h, c=None):
        gate = (lambda z: torch.clamp(0.2 * z + 0.5, 0, 1)) if self.form == "hard" else torch.sigmoid
        if self.kind == "RNN":
            return (torch.relu if self.form == "hard" else torch.tanh)(self.x(x) + self.h(h)), None
        z = self.joint(torch.cat((x, h), 1)) if self.form == "joint" else self.x(x) + self.h(h)
        if self.kind == "LSTM":
            i, g, f, o = z.chunk(4, 1)
            if self.form == "forget":
                f = f + 1
            c = gate(f) * c + gate(i) * torch.tanh(g)
            return gate(o) * torch.tanh(c), c
        if self.form == "before":
            z, r = gate(z).chunk(3, 1)[:2]
            n = torch.tanh(self.x(x).chunk(3, 1)[2] + self.reset(r * h))
        else:
            a, b = self.x(x).chunk(3, 1), self.h(h).chunk(3, 1)
            r, z = gate(a[0] + b[0]), gate(a[1] + b[1])
            n = torch.tanh(a[2] + r * b[2])
        return (z * (h - n) + n if self.form == "hard" else (1 - z) * n + z * h), None


class Cells(nn.Module):
    """One or two cells, one step a call, between a front and a head."""

    def __init__(self, rng):
        super().__init__()
        self.kind = rng.choice(["LSTM", "LSTM", "GRU", "GRU", "RNN"])
        self.inputs, self.units = rng.randrange(1, 7), rng.randrange(1, 10)
        self.depth = rng.choice([1, 1, 2])
        self.front = rng.choice(["", "linear", "norm"])
        self.form = rng.choice(["", "", "", "joint", "hard", "forget" if self.kind == "LSTM" else "before"])
        if self.kind == "GRU" and self.form == "joint":
            self.form = ""
        size = self.inputs
        if self.front == "linear":
            size = rng.randrange(1, 7)
            self.linear = nn.Sequential(nn.Linear(self.inputs, size), rng.choice([nn.ReLU, nn.Tanh, nn.Sigmoid])())
        if self.front == "norm":
            self.norm = WrittenNorm(size, rng.choice(["", "squares", "shift"]))
        make = (lambda i, h: Written(self.kind, i, h, self.form)) if self.form else getattr(nn, f"{self.kind}Cell")
        self.cells = nn.ModuleList([make(size if k == 0 else self.units, self.units) for k in range(self.depth)])
        self.head = nn.Linear(self.units, rng.randrange(1, 4))

    def forward(self, x, *states):
        x = self.linear(x) if self.front == "linear" else self.norm(x) if self.front == "norm" else x
        nexts = []
        for k, cell in enumerate(self.cells):
            if self.kind == "LSTM":
                h, c = states[2 * k : 2 * k + 2]
                h, c = cell(x, h, c) if self.form else cell(x, (h, c))
                nexts += [h, c]
            else:
                h = cell(x, states[k])[0] if self.form else cell(x, states[k])
                nexts += [h]
            x = h
        return (self.head(x), *nexts)


def written(about, file, x, y):
    return {
        "about": about,
        "file": base64.b64encode(file.getvalue()).decode(),
        "inputs": [[round(v, 7) for v in row.flatten().tolist()] for row in x],
        "outputs": [[round(v, 7) for v in row.flatten().tolist()] for row in y],
    }


def make_cells(seed):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    net = Cells(rng).eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.6)
    T, B = rng.randrange(2, 9), rng.choice([1, 1, 2])
    x = torch.randn(B, T, net.inputs)
    count = net.depth * (2 if net.kind == "LSTM" else 1)
    states = [torch.zeros(B, net.units) for _ in range(count)]
    dynamic = rng.random() < 0.5
    names = ["input"] + [f"state{k}" for k in range(count)]
    file = io.BytesIO()
    torch.onnx.export(
        net,
        (x[:, 0], *states),
        file,
        opset_version=rng.choice([11, 13, 14, 16]),
        do_constant_folding=rng.random() < 0.7,
        input_names=names,
        dynamic_axes={name: {0: "batch"} for name in names} if dynamic else None,
    )
    outputs = []
    with torch.no_grad():
        for t in range(T):
            y, *states = net(x[:, t], *states)
            outputs.append(y)
    y = torch.stack(outputs, 1)
    about = f"{net.depth} {net.kind} cells {net.form} {net.front}{' dynamic' if dynamic else ''}"
    return written(about, file, x, y)


SMALL = [11, 35, 38, 57, 61, 66, 79, 109, 124, 148, 150, 193]
SMALL_CELLS = [1, 9, 10, 18, 25, 38, 57]


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
    return written(about, file, x, y)


what, path = sys.argv[1:]
seeds = SMALL if what == "small" else range(int(what))
with open(path, "w") as out:
    json.dump([make(seed) for seed in seeds] + [make_cells(seed) for seed in (SMALL_CELLS if what == "small" else range(int(what) // 2))], out)
print(torch.__version__)
