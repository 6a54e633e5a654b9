"""Makes models/lstm-I-H.onnx.gz with PyTorch's own exporter: `/usr/bin/python3 bench/peers/export.py`.

An LSTM with a dense head, any T and B, the state going in and out. Every weight of a parameter is the same number, its
placeholder: so a file of 1.6 MB compresses to a few kB, and the bench finds each parameter by its run of placeholders and puts
the model's weights there, as constants, which onnxruntime packs once when it loads them (weights that are inputs it would pack
at every call).
"""

import gzip
import io
import pathlib
import warnings

import torch

warnings.simplefilter("ignore")
SHAPES = [(1, 32), (8, 32), (32, 64), (64, 128), (128, 256), (256, 512)]
# In onnx.ts as well.
PLACEHOLDERS = {
    "lstm.weight_ih_l0": 1.2345678,
    "lstm.weight_hh_l0": 2.3456789,
    "lstm.bias_ih_l0": 3.4567891,
    "lstm.bias_hh_l0": 4.5678912,
    "dense.weight": 5.6789123,
    "dense.bias": 6.7891234,
}


class Model(torch.nn.Module):
    def __init__(self, inputs, units):
        super().__init__()
        self.lstm = torch.nn.LSTM(inputs, units)
        self.dense = torch.nn.Linear(units, 1)

    def forward(self, x, h, c):
        y, (h, c) = self.lstm(x, (h, c))
        return self.dense(y), h, c


for inputs, units in SHAPES:
    model = Model(inputs, units)
    for name, parameter in model.named_parameters():
        torch.nn.init.constant_(parameter, PLACEHOLDERS[name])
    state = torch.zeros(1, 2, units)
    file = io.BytesIO()
    torch.onnx.export(
        model,
        (torch.zeros(3, 2, inputs), state, state),
        file,
        opset_version=14,
        input_names=["x", "h_0", "c_0"],
        output_names=["y", "h_n", "c_n"],
        dynamic_axes={"x": {0: "T", 1: "B"}, "y": {0: "T", 1: "B"}, **{name: {1: "B"} for name in ["h_0", "c_0", "h_n", "c_n"]}},
    )
    path = pathlib.Path(__file__).parent / "models" / f"lstm-{inputs}-{units}.onnx.gz"
    path.write_bytes(gzip.compress(file.getvalue(), mtime=0))
