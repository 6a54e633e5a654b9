"""Makes heads.json: models with several named heads, their losses added by weights, by PyTorch (1.13, CPU).

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/heads.py
"""

import json
import pathlib

import torch
from torch import nn


def quantile(y, targets, quantiles, reduction):
    """The definition: PyTorch has no such loss."""
    q = torch.tensor(quantiles)
    error = targets.unsqueeze(2) - y.unflatten(1, (targets.shape[1], len(quantiles)))
    values = torch.maximum(q * error, (q - 1) * error)
    return values.mean() if reduction == "mean" else values.sum()


LOSSES = {
    "mse": nn.functional.mse_loss,
    "mae": nn.functional.l1_loss,
    "huber": nn.functional.huber_loss,
    "binaryCrossEntropy": nn.functional.binary_cross_entropy_with_logits,
    "crossEntropy": nn.functional.cross_entropy,
    "quantile": quantile,
}

CASES = [
    {
        "name": "lstm, a price and a trend, some of them missing",
        "layers": [{"type": "lstm", "units": 7}],
        "heads": {"price": {"type": "dense", "units": 2}, "trend": {"type": "dense", "units": 3}},
        "output": "every",
        "loss": {"price": "mse", "trend": "crossEntropy"},
        "lossWeights": {"trend": 0.5},
        "lengths": [6, 4, 5],
        "missing": {1: "price", 2: "trend"},
    },
    {
        "name": "gru, target at the last step, three heads, the sum of the losses",
        "layers": [{"type": "gru", "units": 6}],
        "heads": {
            "level": {"type": "dense", "units": 3},
            "yes": {"type": "dense", "units": 1},
            "size": {"type": "dense", "units": 2, "activation": "tanh"},
        },
        "output": "last",
        "loss": {
            "level": {"type": "quantile", "quantiles": [0.1, 0.5, 0.9], "reduction": "sum"},
            "yes": {"type": "binaryCrossEntropy", "reduction": "sum"},
            "size": {"type": "mae", "reduction": "sum"},
        },
        "lossWeights": {"level": 2, "size": 0.25},
        "lengths": [5, 3, 4, 6, 2, 5, 4, 3, 6],
        "missing": {},
    },
    {
        "name": "dense above the lstm, one row",
        "layers": [{"type": "lstm", "units": 5}, {"type": "dense", "units": 6, "activation": "relu"}],
        "heads": {"a": {"type": "dense", "units": 1}, "b": {"type": "dense", "units": 5, "bias": False}},
        "output": "every",
        "loss": {"a": "huber", "b": "crossEntropy"},
        "lossWeights": {},
        "lengths": [9],
        "missing": {},
    },
]
ACTIVATIONS = {"identity": lambda x: x, "tanh": torch.tanh, "relu": torch.relu}
FEATURES = 3


class Net(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.case = case
        first, *rest = case["layers"]
        self.rnn = {"lstm": nn.LSTM, "gru": nn.GRU}[first["type"]](FEATURES, first["units"], batch_first=True)
        width = first["units"]
        self.dense = nn.ModuleList()
        for layer in rest:
            self.dense.append(nn.Linear(width, layer["units"]))
            width = layer["units"]
        self.heads = nn.ModuleDict({name: nn.Linear(width, h["units"], bias=h.get("bias", True)) for name, h in case["heads"].items()})

    def forward(self, x):
        y, _ = self.rnn(x.unsqueeze(0))
        y = y[0]
        if self.case["output"] == "last":
            y = y[-1:]
        for layer, linear in zip(self.case["layers"][1:], self.dense):
            y = ACTIVATIONS[layer["activation"]](linear(y))
        return {name: ACTIVATIONS[self.case["heads"][name].get("activation", "identity")](head(y)) for name, head in self.heads.items()}

    def names(self):
        """The names that memcell gives the parameters."""
        for name, parameter in self.named_parameters():
            part, rest = name.split(".", 1)
            yield (rest if part == "rnn" else f"dense.{rest.split('.', 1)[1]}" if part == "dense" else name), parameter


def options(loss):
    return {k: v for k, v in loss.items() if k not in ("type", "reduction")} if isinstance(loss, dict) else {}


def type_of(loss):
    return loss if isinstance(loss, str) else loss["type"]


def total(case, net, sequences):
    """The weighted sum of the heads' means, and what is differentiated."""
    mean, differentiated = 0, 0
    outputs = [net(torch.tensor(s["inputs"]).reshape(-1, FEATURES)) for s in sequences]
    for name, loss in case["loss"].items():
        pairs = [(y[name], s["targets"][name]) for y, s in zip(outputs, sequences) if s["targets"][name] is not None]
        y = torch.cat([y for y, _ in pairs])
        classes = type_of(loss) == "crossEntropy"
        targets = torch.tensor([t for _, ts in pairs for t in ts])
        if not classes:
            targets = targets.reshape(y.shape[0], -1)
        weight = case["lossWeights"].get(name, 1)
        of = lambda reduction: LOSSES[type_of(loss)](y, targets, **options(loss), reduction=reduction)
        summed = isinstance(loss, dict) and loss.get("reduction") == "sum"
        mean, differentiated = mean + weight * of("mean"), differentiated + weight * of("sum" if summed else "mean")
    return mean, differentiated, outputs


def numbers(tensor):
    return [round(v, 9) for v in tensor.detach().flatten().tolist()]


made = []
for seed, case in enumerate(CASES):
    torch.manual_seed(seed)
    net = Net(case)
    sequences = []
    for i, length in enumerate(case["lengths"]):
        steps = length if case["output"] == "every" else 1
        targets = {}
        for name, head in case["heads"].items():
            kind = type_of(case["loss"][name])
            per = head["units"] // len(case["loss"][name].get("quantiles", [0])) if isinstance(case["loss"][name], dict) else head["units"]
            if kind == "crossEntropy":
                targets[name] = torch.randint(head["units"], (steps,)).tolist()
            else:
                targets[name] = numbers(torch.rand(steps * per))
            if case["missing"].get(i) == name:
                targets[name] = None
        sequences.append({"inputs": numbers(torch.randn(length * FEATURES)), "targets": targets})
    parameters = {name: {"shape": list(p.shape), "data": numbers(p)} for name, p in net.names()}
    # The file's rounded numbers are the ones that both start from.
    for name, p in net.names():
        p.data = torch.tensor(parameters[name]["data"]).reshape(p.shape)
    mean, differentiated, outputs = total(case, net, sequences)
    differentiated.backward()
    gradients = {name: numbers(p.grad) for name, p in net.names()}
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    curve = []
    for _ in range(10):
        optimizer.zero_grad()
        mean, differentiated, _ = total(case, net, sequences)
        curve.append(round(mean.item(), 9))
        differentiated.backward()
        optimizer.step()
    case = {k: v for k, v in case.items() if k not in ("lengths", "missing")}
    outputs = [{name: numbers(y) for name, y in one.items()} for one in outputs]
    made.append({**case, "parameters": parameters, "sequences": sequences, "outputs": outputs, "gradients": gradients, "curve": curve})

pathlib.Path(__file__).with_name("heads.json").write_text(json.dumps(made) + "\n")
