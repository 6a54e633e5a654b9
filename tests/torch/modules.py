"""Random PyTorch modules, as files with what they compute; and files from memcell, loaded into the same modules.

    /usr/bin/python3 tests/torch/modules.py make 200 build/torch.json     # modules out
    /usr/bin/python3 tests/torch/modules.py load 200 build/torch.json     # reads what memcell put beside it, build/torch.json.back
    /usr/bin/python3 tests/torch/modules.py make small tests/vectors/torch.json

Debian's python3-torch. `small` is a few of them, for the tests.
"""

import base64
import io
import json
import random
import struct
import sys

import torch
from torch import nn


class Net(nn.Module):
    """Its parts, one after the other; of a recurrent one the outputs. `states` are those that recurrent ones begin with, in their order."""

    def forward(self, x, states=()):
        states = list(states)
        for part in self.children():
            x = part(x, states.pop(0)) if states and isinstance(part, nn.RNNBase) else part(x)
            x = x[0] if isinstance(x, tuple) else x
        return x


class Wrapped(nn.Module):
    def __init__(self, name, inner):
        super().__init__()
        self.add_module(name, inner)

    def forward(self, x, states=()):
        return next(self.children())(x, states)


def make(seed):
    """A module, memcell's layers, and the input."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    net, layers = Net(), []
    # Sizes that differ, so that shapes alone tell the order.
    sizes = rng.sample(range(2, 12), 8)
    tokens = rng.random() < 0.3
    inputs = sizes.pop()
    if tokens:
        size = sizes.pop()
        net.add_module("embedding", nn.Embedding(inputs, size))
        layers.append({"type": "embedding", "units": size})
        given, inputs = {"tokens": inputs}, size
    else:
        given = {"features": inputs}
    for index in range(rng.choice([1, 1, 2])):
        kind = rng.choice(["lstm", "lstm", "gru", "rnn"])
        units, depth, both, bias = sizes.pop(), rng.choice([1, 1, 2, 3]), rng.random() < 0.4, rng.random() < 0.7
        more, options = {}, {}
        if kind == "lstm" and rng.random() < 0.3 and units > 2:
            options["projection"] = more["proj_size"] = rng.randrange(1, units)
        if kind == "rnn" and rng.random() < 0.4:
            options["activation"] = more["nonlinearity"] = "relu"
        if both:
            options["bidirectional"] = "concat"
        module = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind]
        module = module(inputs, units, depth, bias=bias, bidirectional=both, batch_first=True, **more)
        net.add_module(f"rnn{index}" if rng.random() < 0.5 else f"encoder_{index}", module)
        layers += [{"type": kind, "units": units, **options}] * depth
        inputs = options.get("projection", units) * (2 if both else 1)
        if rng.random() < 0.2:
            net.add_module(f"norm{index}", nn.LayerNorm(inputs))
            layers.append({"type": "normalization"})
    bias, units = rng.random() < 0.8, sizes.pop()
    net.add_module("head", nn.Linear(inputs, units, bias=bias))
    layers.append({"type": "dense", "units": units, **({} if bias else {"bias": False})})
    for _ in range(rng.choice([0, 0, 1, 2])):
        net = Wrapped(rng.choice(["module", "model", "_orig_mod"]), net)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.4)
    dtype = rng.choice(["float32"] * 3 + ["float16", "bfloat16", "float64"])
    with torch.no_grad():
        # Rounded, so that the outputs are those of the file.
        for parameter in net.parameters():
            parameter.copy_(parameter.to(getattr(torch, dtype)))
    length = rng.randrange(1, 9)
    x = torch.randint(0, given["tokens"], (1, length)) if tokens else torch.randn(1, length, given["features"])
    return net.eval(), {"input": given, "layers": layers}, x, dtype, rng


def from_states(net, x, seed):
    """What it computes from random initial states, and the gradient of them of a mean squared error, under memcell's names."""
    generator = torch.Generator().manual_seed(seed)
    randn = lambda *shape: torch.randn(*shape, generator=generator)
    states, names, leaves, below = [], [], [], 0
    for part in net.modules():
        if not isinstance(part, nn.RNNBase):
            continue
        ways = 2 if part.bidirectional else 1
        kinds = {"h": part.proj_size or part.hidden_size, **({"c": part.hidden_size} if isinstance(part, nn.LSTM) else {})}
        own = [randn(part.num_layers * ways, 1, size).requires_grad_() for size in kinds.values()]
        states.append(tuple(own) if len(own) > 1 else own[0])
        leaves += own
        for kind in kinds:
            names.append([f"{kind}_l{below + k}{'_reverse' if way else ''}" for k in range(part.num_layers) for way in range(ways)])
        below += part.num_layers
    outputs = net(x, states)
    targets = randn(*outputs.shape)
    nn.functional.mse_loss(outputs, targets).backward()
    flat = lambda tensor: [round(float(v), 8) for v in tensor.flatten()]
    named = lambda tensors: {name: flat(row) for own, tensor in zip(names, tensors) for name, row in zip(own, tensor)}
    net.zero_grad()
    return {
        "state": named([leaf.detach() for leaf in leaves]), "targets": flat(targets), "outputs": flat(outputs.detach()),
        "gradients": named([leaf.grad for leaf in leaves]),
    }


def safetensors(tensors):
    names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64"}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in sorted(tensors.items()):
        tensor = tensor.contiguous()
        raw = tensor.view(torch.int16).numpy().tobytes() if tensor.dtype == torch.bfloat16 else tensor.numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def parse(raw):
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    header.pop("__metadata__", None)
    kinds = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    view = bytearray(raw[8 + size :])
    return {
        name: torch.frombuffer(view, dtype=kinds[e["dtype"]], count=(e["data_offsets"][1] - e["data_offsets"][0]) // (4 if e["dtype"] == "F32" else 2), offset=e["data_offsets"][0]).reshape(e["shape"])
        for name, e in header.items()
    }


def saved(net, dtype, rng):
    """The file, in one of the forms in which people have them."""
    state = {name: tensor.to(getattr(torch, dtype), copy=True) for name, tensor in net.state_dict().items()}
    form = rng.choice(["safetensors", "state dict", "checkpoint", "parameters", "transposed"])
    if form == "safetensors":
        return form, safetensors(state)
    buffer = io.BytesIO()
    if form == "checkpoint":
        adam = torch.optim.Adam(net.parameters())
        adam.zero_grad()
        sum(p.sum() for p in net.parameters()).backward()
        adam.step()
        adam.param_groups[0]["lr"] = 0.1
        torch.save({"epoch": 3, "loss": 0.25, "model_state_dict": state, "optimizer_state_dict": adam.state_dict(), "best": [None, True]}, buffer)
    elif form == "parameters":
        torch.save({name: nn.Parameter(tensor) for name, tensor in state.items()}, buffer)
    elif form == "transposed":
        torch.save({name: tensor.t().contiguous().t() if tensor.dim() == 2 else tensor for name, tensor in state.items()}, buffer)
    else:
        torch.save(net.to(getattr(torch, dtype)).state_dict(), buffer)
    return form, buffer.getvalue()


SMALL = [12, 29, 57, 76, 88, 109, 134, 151, 163, 110]


def main(what, count, path):
    if what == "make":
        cases = []
        for seed in SMALL if count == "small" else range(int(count)):
            net, config, x, dtype, rng = make(seed)
            with torch.no_grad():
                outputs = net(x)
            stated = from_states(net, x, seed)
            form, raw = saved(net, dtype, rng)
            cases.append({
                "form": f"{form}, {dtype}", "config": config, "file": base64.b64encode(raw).decode(),
                "inputs": x.flatten().tolist(), "outputs": [round(float(v), 7) for v in outputs.flatten()],
                "stated": stated, "modules": [name + "." for name, part in net.named_modules() if list(part.parameters(recurse=False))],
            })
        with open(path, "w") as file:
            json.dump(cases, file, separators=(",", ":"))
        return
    with open(f"{path}.back") as file:
        back = json.load(file)
    worst = 0
    for seed, raw in enumerate(back):
        net, _, x, dtype, _ = make(seed)
        with torch.no_grad():
            expected = net(x)
            for parameter in net.parameters():
                parameter.fill_(float("nan"))
            tensors = parse(base64.b64decode(raw))
            # Where the module has no biases, memcell's are 0.
            absent = [name for name in tensors if name not in net.state_dict()]
            assert all("bias" in name and not tensors[name].any() for name in absent), absent
            net.load_state_dict({name: tensor for name, tensor in tensors.items() if name not in absent}, strict=True)
            worst = max(worst, float((net(x) - expected).abs().max()))
    print(json.dumps({"modules": len(back), "worst": worst, "torch": torch.__version__}))


main(*sys.argv[1:])
