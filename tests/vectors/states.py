"""Makes states.json: initial and final states, and the initial ones' gradients, by PyTorch (1.13, CPU).

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/states.py
"""

import json
import pathlib

import torch
from torch import nn

KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
CASES = [
    {"type": "lstm", "units": 5},
    {"type": "lstm", "units": 5, "projection": 3},
    {"type": "gru", "units": 4},
    {"type": "rnn", "units": 6},
    {"type": "lstm", "units": 4, "bidirectional": "concat"},
    {"type": "gru", "units": 3, "bidirectional": "concat"},
]
LENGTHS = [5, 1, 7]


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def make(layer, seed):
    torch.manual_seed(seed)
    both = "bidirectional" in layer
    options = {"proj_size": layer["projection"]} if "projection" in layer else {}
    module = KINDS[layer["type"]](3, layer["units"], batch_first=True, bidirectional=both, **options)
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -0.8, 0.8)
    directions = ["", "_reverse"] if both else [""]
    sizes = {"h": layer.get("projection", layer["units"]), **({"c": layer["units"]} if layer["type"] == "lstm" else {})}
    case = {"inputs": [], "targets": [], "states": [], "outputs": [], "final": [], "gradients": []}
    begun, total, count = [], 0, 0
    for length in LENGTHS:
        x = torch.randn(1, length, 3)
        begin = {kind: torch.randn(len(directions), 1, size, requires_grad=True) for kind, size in sizes.items()}
        y, end = module(x, (begin["h"], begin["c"]) if "c" in begin else begin["h"])
        target = torch.randn_like(y)
        total = total + ((y - target) ** 2).sum()
        count += y.numel()
        ends = dict(zip(sizes, end if isinstance(end, tuple) else [end]))
        named = lambda states: {f"{kind}_l0{end}": numbers(s[i]) for kind, s in states.items() for i, end in enumerate(directions)}
        case["inputs"].append(numbers(x))
        case["targets"].append(numbers(target))
        case["states"].append(named(begin))
        case["outputs"].append(numbers(y))
        case["final"].append(named(ends))
        begun.append((begin, named))
    (total / count).backward()
    case["gradients"] = [named({kind: state.grad for kind, state in begin.items()}) for begin, named in begun]
    parameters = {name: {"shape": list(p.shape), "data": numbers(p)} for name, p in module.named_parameters()}
    return {"name": " ".join(map(str, layer.values())), "layer": layer, "parameters": parameters, **case}


torch.set_num_threads(1)
vectors = [make(layer, seed) for seed, layer in enumerate(CASES, 1)]
text = "[\n" + ",\n".join(json.dumps(vector) for vector in vectors) + "\n]\n"
(pathlib.Path(__file__).parent / "states.json").write_text(text)
