"""PyTorch on one thread, as a peer: JSON lines in, JSON lines out, as worker.ts does it."""

import base64
import ctypes
import json
import sys
import time

import torch

torch.set_num_threads(1)
INT8 = sys.argv[1] == "pytorch-int8"


def blas():
    """What OpenBLAS chose for this processor: it must not be held to an older one."""
    try:
        library = ctypes.CDLL("libopenblas.so.0")
        library.openblas_get_corename.restype = ctypes.c_char_p
        return f", OpenBLAS {library.openblas_get_corename().decode()}"
    except (OSError, AttributeError):
        return ""


def unpack(text, *shape):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32).reshape(shape)


def pack(values):
    values = values.detach().flatten().tolist() if torch.is_tensor(values) else values
    return base64.b64encode(torch.tensor(values, dtype=torch.float32).numpy().tobytes()).decode()


def build(task):
    inputs, units = task["shape"][:2]
    model = torch.nn.ModuleDict({"lstm": torch.nn.LSTM(inputs, units), "dense": torch.nn.Linear(units, 1)})
    with torch.no_grad():
        for name, text in task["parameters"].items():
            parameter = model.get_parameter(name if name.startswith("dense") else f"lstm.{name}")
            parameter.copy_(unpack(text, *parameter.shape))
    if INT8:
        return torch.ao.quantization.quantize_dynamic(model, {torch.nn.LSTM}, dtype=torch.qint8)
    return model


def forward(task, model, x):
    @torch.inference_mode()
    def run():
        return model["dense"](model["lstm"](x)[0])

    return {"outputs": run()}, run


def training(task, model, x):
    targets = unpack(task["targets"], *x.shape[:2], 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=task["learningRate"])

    def differentiate():
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(model["dense"](model["lstm"](x)[0]), targets)
        loss.backward()
        return loss.item()

    def run():
        loss = differentiate()
        torch.nn.utils.clip_grad_norm_(model.parameters(), task["clipNorm"])
        optimizer.step()
        return loss

    loss = differentiate()
    gradients = {name.removeprefix("lstm."): parameter.grad.clone() for name, parameter in model.named_parameters()}
    return {**gradients, "loss": [loss], "losses": [run() for _ in range(3)]}, run


def streaming(task, model, x):
    steps = list(x.split(1))
    zero = torch.zeros(1, 1, model["lstm"].hidden_size)
    state = (zero, zero)

    @torch.inference_mode()
    def run():
        nonlocal state
        outputs = []
        for step in steps:
            h, state = model["lstm"](step, state)
            outputs.append(model["dense"](h).item())
        return outputs

    return {"outputs": run()}, run


def measure(run, milliseconds, processor):
    calls = 0
    used = time.process_time()
    began = time.perf_counter()
    elapsed = 0.0
    while elapsed < milliseconds / 1000:
        run()
        calls += 1
        elapsed = time.perf_counter() - began
    return 1000 * (time.process_time() - used if processor else elapsed) / calls


works = {}


def answer(message):
    if "task" in message:
        task = message["task"]
        if INT8 and task["kind"] == "training":
            return {"cannot": "cannot train"}
        inputs, _, batch, length = task["shape"]
        x = unpack(task["inputs"], length, batch, inputs)
        proof, run = {"forward": forward, "training": training, "streaming": streaming}[task["kind"]](task, build(task), x)
        works[task["name"]] = run
        return {"proof": {name: pack(values) for name, values in proof.items()}}
    return {"milliseconds": measure(works[message["time"]], message["milliseconds"], message["processor"])}


def say(message):
    print(json.dumps(message), flush=True)


engine = f", dynamic quantisation, {torch.backends.quantized.engine}" if INT8 else blas()
say({"about": f"PyTorch {torch.__version__}{engine}"})
for line in sys.stdin:
    try:
        say(answer(json.loads(line)))
    except Exception as error:
        say({"error": repr(error)})
