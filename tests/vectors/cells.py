"""Makes cells.json: cells with the activations of other frameworks, written in PyTorch (1.13, CPU), whose own nn.LSTM and nn.GRU have none.

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/cells.py

The hard sigmoid of slope 1/6 and the pointwise layers are PyTorch's modules, gradients are its autograd's, in double precision.
"""

import json
import pathlib

import torch
from torch import nn

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)

ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "logistic": torch.sigmoid,
    "identity": lambda x: x,
    "[-1,1]": lambda x: 2 * torch.sigmoid(x) - 1,
    "[-2,2]": lambda x: 4 * torch.sigmoid(x) - 2,
}


def gates_of(layer):
    if layer.get("gateActivation") != "hardSigmoid":
        return torch.sigmoid
    alpha = layer.get("alpha", 0.2)
    return nn.functional.hardsigmoid if alpha == 1 / 6 else lambda x: torch.clip(alpha * x + 0.5, 0, 1)


def lstm(layer, W, R, b, d, xs):
    h = c = torch.zeros(len(R[0]))
    s, g_of = gates_of(layer), ACTIVATIONS[layer.get("inputActivation", "tanh")]
    for x in xs:
        i, f, g, o = (W @ x + b + R @ h + d).chunk(4)
        c = s(f) * c + s(i) * g_of(g)
        h = s(o) * ACTIVATIONS[layer.get("outputActivation", "tanh")](c)
        yield h


def gru(layer, W, R, b, d, xs):
    H = len(R[0])
    h = torch.zeros(H)
    s, n_of = gates_of(layer), ACTIVATIONS[layer.get("inputActivation", "tanh")]
    for x in xs:
        ih, hh = W @ x + b, R @ h + d
        r, z = s(ih[:H] + hh[:H]), s(ih[H : 2 * H] + hh[H : 2 * H])
        m = R[2 * H :] @ (r * h) + d[2 * H :] if layer.get("reset") == "before" else r * hh[2 * H :]
        h = (1 - z) * n_of(ih[2 * H :] + m) + z * h
        yield h


POINTWISE = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "logistic": nn.Sigmoid(), "hardSigmoid": nn.Hardsigmoid()}
HARD = {"gateActivation": "hardSigmoid"}
THIRD = {**HARD, "alpha": 1 / 6}
LAYERS = [
    {"type": "lstm", **HARD},
    {"type": "lstm", **THIRD, "inputActivation": "relu", "outputActivation": "identity"},
    {"type": "lstm", "inputActivation": "logistic", "outputActivation": "logistic"},
    {"type": "lstm", "inputActivation": "[-2,2]", "outputActivation": "[-1,1]"},
    {"type": "gru", **HARD},
    {"type": "gru", **THIRD, "inputActivation": "relu"},
    {"type": "gru", "inputActivation": "logistic"},
    {"type": "gru", **HARD, "reset": "before"},
    {"type": "gru", "inputActivation": "relu", "reset": "before"},
    {"type": "lstm", "direction": "reverse"},
    {"type": "gru", "direction": "reverse"},
    *({"type": "activation", "kind": kind, **({"alpha": 1 / 6} if kind == "hardSigmoid" else {})} for kind in POINTWISE),
]


def rounded(tensor):
    return [float(f"{x:.9g}") for x in tensor.flatten().tolist()]


def single(*shape):
    """Numbers that are f32, so that both sides start from the same."""
    return (torch.rand(*shape) * 3 - 1.5).float().double()


cases = []
for layer in LAYERS:
    T, I, H = 6, 2, 3
    xs, targets = single(T, I), single(T, H)
    if layer["type"] == "activation":
        below = {"dense.weight": single(H, I), "dense.bias": single(H)}
        parameters = {name: value.requires_grad_() for name, value in below.items()}
        outputs = POINTWISE[layer["kind"]](nn.functional.linear(xs, *parameters.values()))
    else:
        layer = {**layer, "units": H}
        reverse = layer.get("direction") == "reverse"
        gates = 4 if layer["type"] == "lstm" else 3
        end = "_l0_reverse" if reverse else "_l0"
        parameters = {
            f"{name}{end}": value.requires_grad_()
            for name, value in {
                "weight_ih": single(gates * H, I),
                "weight_hh": single(gates * H, H),
                "bias_ih": single(gates * H),
                "bias_hh": single(gates * H),
            }.items()
        }
        step = {"lstm": lstm, "gru": gru}[layer["type"]]
        if reverse:
            outputs = torch.stack(list(step(layer, *parameters.values(), xs.flip(0)))).flip(0)
            # PyTorch's own layer has it as its second direction.
            both = {"lstm": nn.LSTM, "gru": nn.GRU}[layer["type"]](I, H, bidirectional=True)
            both.load_state_dict(parameters, strict=False)
            assert torch.allclose(both(xs)[0][:, H:], outputs, atol=1e-12)
        else:
            outputs = torch.stack(list(step(layer, *parameters.values(), xs)))
    loss = nn.functional.mse_loss(outputs, targets)
    loss.backward()
    cases.append(
        {
            "layer": layer,
            "inputs": rounded(xs),
            "targets": rounded(targets),
            "parameters": {name: {"shape": list(value.shape), "data": rounded(value)} for name, value in parameters.items()},
            "outputs": rounded(outputs),
            "loss": loss.item(),
            "gradients": {name: rounded(value.grad) for name, value in parameters.items()},
        }
    )

pathlib.Path(__file__).with_name("cells.json").write_text(json.dumps(cases) + "\n")
