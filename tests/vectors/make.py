"""Makes pytorch.json: models, data, outputs, gradients and ten-step loss curves by PyTorch (1.13, CPU).

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/make.py

Sizes are odd and differ, batches are no multiples of 8, sequences are ragged, no two weights are equal.
"""

import json
import math
import pathlib

import torch
from torch import nn

def cross_entropy(y, targets, classWeights=None, labelSmoothing=0.0, **reduction):
    weight = None if classWeights is None else torch.tensor(classWeights)
    return nn.functional.cross_entropy(y, targets, weight=weight, label_smoothing=labelSmoothing, **reduction)


def quantile(y, targets, quantiles, reduction="mean"):
    """The definition: PyTorch has no such loss."""
    q = torch.tensor(quantiles)
    error = targets.unsqueeze(2) - y.unflatten(1, (targets.shape[1], len(quantiles)))
    values = torch.maximum(q * error, (q - 1) * error).flatten(1)
    return values.mean() if reduction == "mean" else values


def gaussian(y, targets, **reduction):
    means, log_variances = y.chunk(2, dim=1)
    return nn.functional.gaussian_nll_loss(means, targets, log_variances.exp(), eps=1e-30, **reduction)


LOSSES = {
    "mse": nn.functional.mse_loss,
    "mae": nn.functional.l1_loss,
    "huber": nn.functional.huber_loss,
    "binaryCrossEntropy": nn.functional.binary_cross_entropy_with_logits,
    "crossEntropy": cross_entropy,
    "quantile": quantile,
    "gaussianNLL": gaussian,
}


def loss_type(case):
    return case["loss"] if isinstance(case["loss"], str) else case["loss"]["type"]


def losses(case, y, targets, weights):
    """The mean, and what is differentiated."""
    if isinstance(case["loss"], dict) and case["loss"].get("reduction") == "sum":
        mean, total = (LOSSES[loss_type(case)](y, targets, reduction=reduction) for reduction in ("mean", "sum"))
        return mean, total
    mean = mean_loss(case, y, targets, weights)
    return mean, mean


def mean_loss(case, y, targets, weights):
    """The mean that PyTorch has; with weights for the steps, the mean over their sum."""
    options = {} if isinstance(case["loss"], str) else {k: v for k, v in case["loss"].items() if k != "type"}
    loss = lambda **reduction: LOSSES[loss_type(case)](y, targets, **options, **reduction)
    if not case.get("weighted"):
        return loss()
    values = loss(reduction="none")
    if loss_type(case) == "crossEntropy":
        counted = targets != -100
        classes = torch.tensor(options.get("classWeights", [1.0] * y.shape[1]))
        return (weights * values).sum() / (weights[counted] * classes[targets[counted]]).sum()
    return (weights.unsqueeze(1) * values).sum() / (weights.sum() * values.shape[1])


RECURRENT = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

CASES = [
    {
        "name": "two LSTM layers on features, mean squared error",
        "input": {"features": 3},
        "layers": [{"type": "lstm", "units": 5}, {"type": "lstm", "units": 6}, {"type": "dense", "units": 2}],
        "output": "every",
        "loss": "mse",
        "lengths": [7, 4, 6],
        "optimizer": {"type": "adam", "learningRate": 0.02},
        "clipNorm": 0.5,
    },
    {
        "name": "embedding, eleven rows, cross-entropy with ignored targets",
        "input": {"tokens": 13},
        "layers": [{"type": "embedding", "units": 6}, {"type": "lstm", "units": 7}, {"type": "dense", "units": 9}],
        "output": "every",
        "loss": "crossEntropy",
        "lengths": [5, 9, 3, 8, 1, 9, 2, 7, 6, 4, 9],
        "optimizer": {"type": "adamw", "learningRate": 0.03, "weightDecay": 0.1},
    },
    {
        "name": "one-hot tokens, target at the last step",
        "input": {"tokens": 6},
        "layers": [{"type": "lstm", "units": 9}, {"type": "dense", "units": 3}],
        "output": "last",
        "loss": "crossEntropy",
        "lengths": [6, 6, 3, 5, 2, 6, 4],
        "optimizer": {"type": "sgd", "learningRate": 0.2, "momentum": 0.9},
        "clipNorm": 0.3,
    },
    {
        "name": "LSTM without a head, one row, plain gradient descent",
        "input": {"features": 2},
        "layers": [{"type": "lstm", "units": 3}],
        "output": "every",
        "loss": "mse",
        "lengths": [12],
        "optimizer": {"type": "sgd", "learningRate": 0.5},
    },
]


for kind in ("gru", "rnn"):
    CASES.append(
        {
            "name": f"two {kind.upper()} layers on features, cross-entropy",
            "input": {"features": 3},
            "layers": [{"type": kind, "units": 6}, {"type": kind, "units": 5}, {"type": "dense", "units": 4}],
            "output": "every",
            "loss": "crossEntropy",
            "lengths": [5, 7, 2, 6, 4, 7, 3],
            "optimizer": {"type": "adam", "learningRate": 0.02},
        }
    )
# One small model under every other optimizer and way of clipping.
for name, options in {
    "rmsprop with momentum": {"optimizer": {"type": "rmsprop", "learningRate": 0.01, "decay": 0.9, "momentum": 0.8}},
    "rmsprop": {"optimizer": {"type": "rmsprop", "learningRate": 0.02}, "clipValue": 0.01},
    "adagrad": {"optimizer": {"type": "adagrad", "learningRate": 0.1}},
    "sgd with momentum and decay": {
        "optimizer": {"type": "sgd", "learningRate": 0.2, "momentum": 0.8, "weightDecay": 0.2},
        "clipNorm": 0.05,
    },
    "rmsprop with decay": {"optimizer": {"type": "rmsprop", "learningRate": 0.02, "weightDecay": 0.2}},
    "adagrad with decay": {"optimizer": {"type": "adagrad", "learningRate": 0.1, "weightDecay": 0.2}},
    "adam with decay": {"optimizer": {"type": "adam", "learningRate": 0.03, "weightDecay": 0.2}, "clipValue": 0.05},
    "sgd with Nesterov's momentum": {"optimizer": {"type": "sgd", "learningRate": 0.2, "momentum": 0.8, "nesterov": True}, "clipValue": 0.05},
}.items():
    CASES.append(
        {
            "name": name,
            "input": {"features": 2},
            "layers": [{"type": "lstm", "units": 3}, {"type": "dense", "units": 1}],
            "output": "every",
            "loss": "huber" if "sgd" in name else "mae",
            "lengths": [4, 6, 3],
            **options,
        }
    )
CASES.append(
    {
        "name": "binary cross-entropy",
        "input": {"features": 2},
        "layers": [{"type": "gru", "units": 5}, {"type": "dense", "units": 3}],
        "output": "last",
        "loss": "binaryCrossEntropy",
        "lengths": [4, 6, 3, 5, 5, 2],
        "optimizer": {"type": "adam", "learningRate": 0.05},
    }
)
CASES.append(
    {
        "name": "RNN with ReLU on one-hot tokens",
        "input": {"tokens": 5},
        "layers": [{"type": "rnn", "units": 7, "activation": "relu"}, {"type": "dense", "units": 2}],
        "output": "last",
        "loss": "mse",
        "lengths": [5, 4, 2],
        "optimizer": {"type": "sgd", "learningRate": 0.05},
    }
)
for name, layers in {
    "projections": [{"type": "lstm", "units": 7, "projection": 4}, {"type": "lstm", "units": 9, "projection": 5}],
    "both directions": [{"type": "lstm", "units": 5, "bidirectional": "concat"}, {"type": "gru", "units": 3, "bidirectional": "concat"}],
    "an RNN in both directions, summed": [{"type": "rnn", "units": 5, "bidirectional": "sum"}],
    "layer normalisation": [{"type": "lstm", "units": 5, "layerNorm": True}, {"type": "normalization"}],
}.items():
    CASES.append(
        {
            "name": name,
            "input": {"features": 3},
            "layers": [*layers, {"type": "dense", "units": 4}],
            "output": "every",
            "loss": "crossEntropy",
            "lengths": [5, 7, 2, 6, 4, 7, 3],
            "optimizer": {"type": "adam", "learningRate": 0.02},
        }
    )
CASES.append(
    {
        "name": "tokens in both directions, a projection above, target at the last step",
        "input": {"tokens": 6},
        "layers": [
            {"type": "lstm", "units": 5, "bidirectional": "concat"},
            {"type": "lstm", "units": 6, "projection": 3, "bidirectional": "sum"},
            {"type": "dense", "units": 2, "activation": "tanh"},
        ],
        "output": "last",
        "loss": "mse",
        "lengths": [6],
        "optimizer": {"type": "sgd", "learningRate": 0.1},
    }
)
# One small model under every other loss. New cases go to the end: a case's number is its seed.
for name, options in {
    "mse, weighted steps": {"loss": "mse", "weighted": True},
    "cross-entropy, weighted steps": {"loss": "crossEntropy", "weighted": True},
    "cross-entropy, weighted classes": {"loss": {"type": "crossEntropy", "classWeights": [0.5, 2, 1.25, 0, 1]}},
    "cross-entropy, smoothed labels": {"loss": {"type": "crossEntropy", "labelSmoothing": 0.3}},
    "cross-entropy, weighted classes and smoothed labels": {
        "loss": {"type": "crossEntropy", "classWeights": [0.5, 2, 1.25, 0, 1], "labelSmoothing": 0.1}
    },
    "cross-entropy, weighted classes, smoothed labels and weighted steps": {
        "loss": {"type": "crossEntropy", "classWeights": [0.5, 2, 1.25, 0.75, 1], "labelSmoothing": 0.1},
        "weighted": True,
    },
    "the sum of squared errors": {"loss": {"type": "mse", "reduction": "sum"}},
    "the sum of cross-entropies": {"loss": {"type": "crossEntropy", "reduction": "sum"}},
    "quantiles": {"loss": {"type": "quantile", "quantiles": [0.1, 0.5, 0.75]}, "outputs": 6},
    "Gaussian likelihood": {"loss": "gaussianNLL", "outputs": 6},
    "Gaussian likelihood, weighted steps": {"loss": "gaussianNLL", "outputs": 6, "weighted": True},
}.items():
    CASES.append(
        {
            "name": name,
            "input": {"features": 2},
            "layers": [{"type": "lstm", "units": 3}, {"type": "dense", "units": options.pop("outputs", 5)}],
            "output": "every",
            "lengths": [4, 6, 3, 5, 5, 2],
            "optimizer": {"type": "adam", "learningRate": 0.02},
            **options,
        }
    )
# The final state of each direction: the forward one's after the last step, the backward one's after the first.
for kind, more in {"lstm": {"units": 5}, "gru": {"units": 3}, "rnn": {"units": 6}}.items():
    for both in ["concat", "sum"]:
        CASES.append(
            {
                "name": f"the final states of both directions, {kind}, {both}",
                "input": {"features": 2},
                "layers": [{"type": kind, **more, "bidirectional": both}, {"type": "dense", "units": 3}],
                "output": "last",
                "loss": "crossEntropy",
                "lengths": [4, 7, 1, 5, 6, 2, 3, 7, 5],
                "optimizer": {"type": "adam", "learningRate": 0.05},
            }
        )
CASES.append(
    {
        "name": "a dilated causal convolution below an LSTM",
        "input": {"features": 3},
        "layers": [{"type": "conv1d", "units": 5, "kernel": 3, "dilation": 2}, {"type": "lstm", "units": 4}, {"type": "dense", "units": 2}],
        "output": "every",
        "loss": "mse",
        "lengths": [9, 1, 6, 4, 7, 5, 3],
        "optimizer": {"type": "adam", "learningRate": 0.02},
    }
)


# One vector out of a sequence.
for kind in ["last", "mean", "max", "attention"]:
    CASES.append(
        {
            "name": f"pooling of kind {kind}",
            "input": {"features": 2},
            "layers": [
                {"type": "lstm", "units": 3, "bidirectional": "concat"},
                {"type": "pooling", "kind": kind, **({"units": 5} if kind == "attention" else {})},
                {"type": "dense", "units": 3},
            ],
            "output": "last",
            "loss": "crossEntropy",
            "lengths": [4, 7, 1, 5, 6, 2, 3],
            "optimizer": {"type": "adam", "learningRate": 0.05},
        }
    )


class Pooling(nn.Module):
    """Additive attention over the steps, or what PyTorch has for all of them; the last step is the recurrent layer's final states."""

    def __init__(self, inputs, kind, units):
        super().__init__()
        self.kind = kind
        if kind == "attention":
            self.W, self.v = nn.Linear(inputs, units), nn.Linear(units, 1, bias=False)

    def named_parameters(self, **_):
        if self.kind == "attention":
            yield from self.W.named_parameters()
            yield "v", self.v.weight

    def forward(self, x):
        if self.kind == "attention":
            return (torch.softmax(self.v(torch.tanh(self.W(x))), 1) * x).sum(1, keepdim=True)
        return {"last": x[:, -1:], "mean": x.mean(1, keepdim=True), "max": x.max(1, keepdim=True).values}[self.kind]


class CausalConv1d(nn.Conv1d):
    """All padding in front, so that no output sees a later step."""

    def forward(self, x):
        past = (self.kernel_size[0] - 1) * self.dilation[0]
        return super().forward(nn.functional.pad(x.transpose(1, 2), (past, 0))).transpose(1, 2)


class NormalizedLSTM(nn.Module):
    """Ba, Kiros & Hinton 2016, equations 20 to 22: gates = LN(W x) + LN(R h), h = o tanh(LN(c))."""

    def __init__(self, inputs, units):
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.empty(4 * units, inputs))
        self.weight_hh_l0 = nn.Parameter(torch.empty(4 * units, units))
        self.norms = nn.ModuleDict({"ih": nn.LayerNorm(4 * units), "hh": nn.LayerNorm(4 * units), "c": nn.LayerNorm(units)})

    def named_parameters(self, **_):
        yield "weight_ih_l0", self.weight_ih_l0
        yield "weight_hh_l0", self.weight_hh_l0
        for name, norm in self.norms.items():
            yield f"gain_{name}_l0", norm.weight
            yield f"bias_{name}_l0", norm.bias

    def forward(self, x):
        h = c = torch.zeros(x.shape[0], self.weight_hh_l0.shape[1])
        outputs = []
        for t in range(x.shape[1]):
            gates = self.norms["ih"](x[:, t] @ self.weight_ih_l0.T) + self.norms["hh"](h @ self.weight_hh_l0.T)
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * self.norms["c"](c).tanh()
            outputs.append(h)
        return torch.stack(outputs, 1), None


class Model(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.case = case
        size = self.tokens = case["input"].get("tokens", 0)
        size = size or case["input"]["features"]
        modules = []
        for layer in case["layers"]:
            kind, units = layer["type"], layer.get("units", size)
            if kind == "pooling":
                modules.append(Pooling(size, layer["kind"], units))
                units = size
            elif kind == "embedding":
                modules.append(nn.Embedding(size, units))
            elif kind == "conv1d":
                modules.append(CausalConv1d(size, units, layer["kernel"], dilation=layer["dilation"]))
            elif kind == "normalization":
                modules.append(nn.LayerNorm(size))
            elif layer.get("layerNorm"):
                modules.append(NormalizedLSTM(size, units))
            elif kind in RECURRENT:
                options = {"nonlinearity": layer["activation"]} if "activation" in layer else {}
                if "projection" in layer:
                    options["proj_size"] = layer["projection"]
                both = "bidirectional" in layer
                modules.append(RECURRENT[kind](size, units, batch_first=True, bidirectional=both, **options))
                units = layer.get("projection", units) * (2 if layer.get("bidirectional") == "concat" else 1)
            else:
                modules.append(nn.Linear(size, units))
            size = units
        self.stack = nn.ModuleList(modules)

    def named(self):
        recurrent = 0
        for layer, module in zip(self.case["layers"], self.stack):
            for name, parameter in module.named_parameters():
                if layer["type"] in RECURRENT:
                    yield name.replace("_l0", f"_l{recurrent}"), parameter
                else:
                    yield f"{layer['type']}.{name}", parameter
            recurrent += layer["type"] in RECURRENT

    def forward(self, x):
        layers = self.case["layers"]
        pooled = next((layer["kind"] for layer in layers if layer["type"] == "pooling"), self.case["output"])
        top = max((i for i, layer in enumerate(layers) if layer["type"] in RECURRENT), default=-1)
        for i, (layer, module) in enumerate(zip(layers, self.stack)):
            if layer["type"] in RECURRENT:
                if isinstance(x, torch.Tensor) and not x.is_floating_point():
                    x = nn.functional.one_hot(x, self.tokens).float()
                x, state = module(x)
                if i == top and pooled == "last" and "bidirectional" in layer:
                    # h_n: [2, batch, units], as one step.
                    h = state[0] if isinstance(state, tuple) else state
                    x = torch.cat([*h], -1).unsqueeze(1)
                if layer.get("bidirectional") == "sum":
                    x = sum(x.chunk(2, -1))
            else:
                x = module(x)
                x = x.tanh() if layer.get("activation") == "tanh" else x
        return x


def round_list(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def optimizer_for(case, parameters):
    o = case["optimizer"]
    parameters = list(parameters)
    decay = o.get("weightDecay", 0)
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0},
    ]
    if o["type"] == "sgd":
        return torch.optim.SGD(groups, lr=o["learningRate"], momentum=o.get("momentum", 0), nesterov=o.get("nesterov", False))
    if o["type"] == "rmsprop":
        return torch.optim.RMSprop(groups, lr=o["learningRate"], alpha=o.get("decay", 0.99), momentum=o.get("momentum", 0))
    if o["type"] == "adagrad":
        return torch.optim.Adagrad(groups, lr=o["learningRate"])
    if o["type"] == "adam":
        return torch.optim.Adam(groups, lr=o["learningRate"])
    return torch.optim.AdamW(groups, lr=o["learningRate"])


def make(case, seed):
    torch.manual_seed(seed)
    model = Model(case)
    for _, parameter in model.named():
        nn.init.uniform_(parameter, -0.7, 0.7)
    parameters = {n: {"shape": list(p.shape), "data": round_list(p)} for n, p in model.named()}

    units = case["layers"][-1]["units"]
    sequences = []
    for length in case["lengths"]:
        steps = length if case["output"] == "every" else 1
        if "tokens" in case["input"]:
            inputs = torch.randint(0, case["input"]["tokens"], (length,))
        else:
            inputs = torch.randn(length, case["input"]["features"])
        if loss_type(case) == "binaryCrossEntropy":
            targets = torch.rand(steps, units)
        elif loss_type(case) != "crossEntropy":
            per = units // {"gaussianNLL": 2, "quantile": 3}.get(loss_type(case), 1)
            targets = 2 * torch.randn(steps, per)
        else:
            targets = torch.randint(0, units, (steps,))
            if case["output"] == "every":
                targets[torch.rand(steps) < 0.2] = -100
        # Some are 0.
        weights = torch.clamp(3 * torch.rand(steps) - 0.5, min=0) if case.get("weighted") else torch.ones(steps)
        sequences.append((inputs, targets, weights))

    def outputs():
        result = []
        for inputs, _, _ in sequences:
            y = model(inputs.unsqueeze(0))[0]
            result.append(y if case["output"] == "every" else y[-1:])
        return result

    def loss():
        y = torch.cat(outputs())
        return losses(case, y, torch.cat([t for _, t, _ in sequences]), torch.cat([w for _, _, w in sequences]))

    first = outputs()
    if case["name"].startswith("the final states"):
        # All of them as one ragged batch come to the same.
        inputs = [x for x, _, _ in sequences]
        lengths = [len(x) for x in inputs]
        rnn = nn.utils.rnn
        batch = rnn.pack_padded_sequence(rnn.pad_sequence(inputs, batch_first=True), lengths, batch_first=True, enforce_sorted=False)
        assert torch.allclose(model(batch).squeeze(1), torch.cat(first), atol=1e-6)
    loss()[1].backward()
    gradients = {n: round_list(p.grad) for n, p in model.named()}

    optimizer = optimizer_for(case, model.parameters())
    curve = []
    for _ in range(10):
        optimizer.zero_grad()
        value, objective = loss()
        objective.backward()
        nn.utils.clip_grad_value_(model.parameters(), case.get("clipValue", math.inf))
        nn.utils.clip_grad_norm_(model.parameters(), case.get("clipNorm", math.inf))
        optimizer.step()
        curve.append(float(f"{value.item():.9g}"))

    as_numbers = lambda t: t.tolist() if not t.is_floating_point() else round_list(t)
    return {
        **case,
        "parameters": parameters,
        "sequences": [
            {"inputs": as_numbers(x), "targets": as_numbers(t), **({"weights": round_list(w)} if case.get("weighted") else {})}
            for x, t, w in sequences
        ],
        "outputs": [round_list(y) for y in first],
        "gradients": gradients,
        "curve": curve,
    }


torch.set_num_threads(1)
here = pathlib.Path(__file__).parent
vectors = [make(case, seed) for seed, case in enumerate(CASES, 1)]
(here / "pytorch.json").write_text("[\n" + ",\n".join(json.dumps(v) for v in vectors) + "\n]\n")
