"""Makes columns.json: columns of numbers, categories and learned vectors below recurrent layers, by PyTorch (1.13, CPU).

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/columns.py

Numbers stand beside nn.Embedding and one-hot vectors in one input; gaps take the value last seen, and are marked. In the form of
pytorch.json: a sequence's inputs are flat, categories as their index, gaps null.
"""

import json
import pathlib

import torch
from torch import nn

COLUMNS = {
    "temperature": {"type": "numeric"},
    "weather": {"type": "categorical", "categories": ["sun", "rain", "snow"], "units": 2},
    "wind": {"type": "numeric", "missing": "last"},
    "weekday": {"type": "categorical", "categories": 7, "units": 3},
    "sky": {"type": "categorical", "categories": 4, "missing": "category"},
}
RECURRENT = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def rounded(tensor):
    return [round(value, 7) for value in tensor.detach().flatten().tolist()]


def draw(length, generator):
    """Rows of values, None for gaps, which come first as well."""

    def value(column, t):
        if "missing" in column and (t == 0 or torch.rand(1, generator=generator).item() < 0.4):
            return None
        if column["type"] == "numeric":
            return round(torch.randn(1, generator=generator).item(), 3)
        categories = column["categories"]
        count = categories if isinstance(categories, int) else len(categories)
        return int(torch.randint(count, (1,), generator=generator).item())

    return [[value(column, t) for column in COLUMNS.values()] for t in range(length)]


def read(rows, embeddings):
    """[T][columns of the weights]"""
    last, steps = 0.0, []
    for temperature, weather, wind, weekday, sky in rows:
        gap = wind is None
        last = last if gap else wind
        hot = nn.functional.one_hot(torch.tensor(4 if sky is None else sky), 5).float()
        numbers = torch.tensor([last, float(gap)])
        vectors = [embeddings[name](torch.tensor(index)) for name, index in (("weather", weather), ("weekday", weekday))]
        steps.append(torch.cat([torch.tensor([temperature]), vectors[0], numbers, vectors[1], hot]))
    return torch.stack(steps)


def run(kind, lengths, seed):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    embeddings = nn.ModuleDict({"weather": nn.Embedding(3, 2), "weekday": nn.Embedding(7, 3)})
    recurrent, dense = RECURRENT[kind](13, 5, batch_first=True), nn.Linear(5, 2)
    named = {f"embedding.{name}.weight": table.weight for name, table in embeddings.items()}
    named.update(recurrent.named_parameters())
    named.update({f"dense.{name}": parameter for name, parameter in dense.named_parameters()})
    with torch.no_grad():
        for parameter in named.values():
            parameter.copy_(torch.round(parameter * 1000) / 1000)
    rows = [draw(length, generator) for length in lengths]
    targets = [torch.round(torch.randn(length, 2, generator=generator) * 100) / 100 for length in lengths]
    case = {
        "name": f"columns below {kind}, {len(lengths)} rows",
        "input": {"columns": COLUMNS},
        "layers": [{"type": kind, "units": 5}, {"type": "dense", "units": 2}],
        "output": "every",
        "loss": "mse",
        "optimizer": {"type": "adam", "learningRate": 0.02},
        "parameters": {name: {"shape": list(p.shape), "data": rounded(p)} for name, p in named.items()},
        "sequences": [
            {"inputs": [value for row in table for value in row], "targets": rounded(goal)} for table, goal in zip(rows, targets)
        ],
    }

    def forward():
        return [dense(recurrent(read(table, embeddings).unsqueeze(0))[0][0]) for table in rows]

    def loss_of(outputs):
        return nn.functional.mse_loss(torch.cat(outputs), torch.cat(targets))

    outputs = forward()
    loss_of(outputs).backward()
    case["outputs"] = [rounded(y) for y in outputs]
    case["gradients"] = {name: rounded(p.grad) for name, p in named.items()}
    optimizer = torch.optim.Adam(named.values(), lr=0.02)
    case["curve"] = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = loss_of(forward())
        case["curve"].append(loss.item())
        loss.backward()
        optimizer.step()
    return case


cases = [run("lstm", [7, 4, 6], 1), run("gru", [5, 7, 2, 6, 4, 7, 3, 5, 1], 2), run("rnn", [9], 3)]
path = pathlib.Path(__file__).with_name("columns.json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(path, path.stat().st_size)
