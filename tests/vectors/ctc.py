"""Makes ctc.json: logits, labels, losses and gradients of torch.nn.CTCLoss (1.13, CPU, double precision).

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/ctc.py
"""

import json
import pathlib

import torch

torch.manual_seed(2006)


def case(name, T, O, labels, blank=0, size=1.5):
    # Numbers that f32 holds.
    logits = (size * torch.randn(T, O)).float().double().requires_grad_()
    loss = torch.nn.CTCLoss(blank=blank, reduction="sum")
    value = loss(logits.log_softmax(-1).unsqueeze(1), torch.tensor([labels]).long(), torch.tensor([T]), torch.tensor([len(labels)]))
    value.backward()
    return {
        "name": name,
        "outputs": O,
        "blank": blank,
        "labels": labels,
        "logits": logits.flatten().tolist(),
        "loss": value.item(),
        "gradient": [round(x, 9) for x in logits.grad.flatten().tolist()],
    }


cases = [
    case("three labels", 7, 4, [1, 2, 3]),
    case("repeats", 9, 4, [2, 2, 1, 1, 1]),
    case("the blank is the last class", 8, 5, [0, 3, 0, 3], blank=4),
    case("the blank is in the middle", 6, 3, [0, 2, 2], blank=1),
    case("no labels", 5, 3, []),
    case("one label, one step", 1, 3, [2]),
    case("as many steps as labels", 4, 6, [5, 1, 5, 2]),
    case("as many steps as labels and repeats", 5, 3, [1, 1, 1]),
    case("sure of the wrong ones", 10, 4, [3, 1, 2], size=30),
    case("no labels but the blank", 3, 1, []),
]
pathlib.Path(__file__).with_name("ctc.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
