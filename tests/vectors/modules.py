"""State dicts of ordinary PyTorch modules, with what they make of some inputs: modules.json, for ../statedict.test.ts.

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/modules.py

The layers in the same order, by memcell's types and options, come beside each.
"""

import json
import pathlib

import torch
from torch import nn

torch.manual_seed(1997)


class Net(nn.Module):
    """Its parts, one after the other; of a recurrent one the outputs."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        for part in self.children():
            x = part(x)
            x = x[0] if isinstance(x, tuple) else x
        return x


def lstm(units, **options):
    return {"type": "lstm", "units": units, **options}


def dense(units, **options):
    return {"type": "dense", "units": units, **options}


first = dict(batch_first=True)
HEAD = [lstm(4), dense(2)]
CASES = [
    ("rnn and fc", Net(rnn=nn.LSTM(3, 4, **first), fc=nn.Linear(4, 2)), HEAD, None),
    ("lstm and head", Net(lstm=nn.LSTM(3, 4, **first), head=nn.Linear(4, 2)), HEAD, None),
    ("without biases", Net(rnn=nn.LSTM(3, 4, bias=False, **first), fc=nn.Linear(4, 2, bias=False)), HEAD, None),
    ("two layers", Net(rnn=nn.LSTM(3, 4, 2, **first), fc=nn.Linear(4, 2)), [lstm(4), lstm(4), dense(2)], None),
    ("both directions", Net(rnn=nn.LSTM(3, 4, bidirectional=True, **first), fc=nn.Linear(8, 2)),
     [lstm(4, bidirectional="concat"), dense(2)], None),
    ("two layers, both directions, without biases", Net(rnn=nn.LSTM(3, 4, 2, bidirectional=True, bias=False, **first), fc=nn.Linear(8, 2)),
     [lstm(4, bidirectional="concat"), lstm(4, bidirectional="concat"), dense(2)], None),
    ("gru", Net(gru=nn.GRU(3, 4, **first), out=nn.Linear(4, 2)), [{"type": "gru", "units": 4}, dense(2)], None),
    ("rnn", Net(rnn=nn.RNN(3, 4, nonlinearity="relu", **first), out=nn.Linear(4, 2)),
     [{"type": "rnn", "units": 4, "activation": "relu"}, dense(2)], None),
    ("projection", Net(rnn=nn.LSTM(3, 6, proj_size=2, **first), fc=nn.Linear(2, 1)), [lstm(6, projection=2), dense(1)], None),
    ("embedding and normalisation", Net(emb=nn.Embedding(5, 3), encoder=nn.LSTM(3, 4, **first), norm=nn.LayerNorm(4), decoder=nn.Linear(4, 5)),
     [{"type": "embedding", "units": 3}, lstm(4), {"type": "normalization"}, dense(5)], None),
    ("modules in modules", Net(encoder=Net(rnn=nn.LSTM(3, 4, **first)), head=nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))),
     [lstm(4), {"type": "dropout", "rate": 0.5}, dense(2)], None),
    ("two modules in place of a stack", Net(rnn1=nn.LSTM(4, 4, **first), rnn2=nn.LSTM(4, 4, **first), a=nn.Linear(4, 4), b=nn.Linear(4, 4)),
     [lstm(4), lstm(4), dense(4), dense(4)], ["rnn1.", "rnn2.", "a.", "b."]),
]


def numbers(tensor):
    return [round(float(x), 9) for x in tensor.flatten()]


result = []
for name, net, layers, prefixes in CASES:
    net.eval()
    tokens = layers[0]["type"] == "embedding"
    features = 5 if tokens else next(net.parameters()).shape[1]
    x = torch.randint(0, 5, (1, 6)) if tokens else torch.randn(1, 6, features)
    with torch.no_grad():
        y = net(x)
    result.append({
        "name": name,
        "config": {"input": {"tokens" if tokens else "features": features}, "layers": layers},
        "prefixes": prefixes,
        "tensors": {k: {"shape": list(v.shape), "data": numbers(v)} for k, v in net.state_dict().items()},
        "inputs": x.flatten().tolist() if tokens else numbers(x),
        "outputs": numbers(y),
    })
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
