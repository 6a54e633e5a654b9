"""Makes schedules.json: the learning rates of 60 steps by PyTorch's schedulers (1.13).

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/schedules.py

Minima are shares of the rate here, numbers there. Warmup is LinearLR before the schedule, in SequentialLR.
"""

import json
import math
import pathlib

import torch
from torch.optim import lr_scheduler

RATE = 0.3
STEPS = 60

SCHEDULES = [
    ({"type": "stepDecay", "every": 7, "factor": 0.6}, lambda o: lr_scheduler.StepLR(o, 7, gamma=0.6)),
    ({"type": "exponential", "decay": 0.95}, lambda o: lr_scheduler.ExponentialLR(o, 0.95)),
    ({"type": "exponential", "decay": 0.2, "every": 23}, lambda o: lr_scheduler.ExponentialLR(o, 0.2 ** (1 / 23))),
    ({"type": "cosine", "updates": 60}, lambda o: lr_scheduler.CosineAnnealingLR(o, 60)),
    ({"type": "cosine", "updates": 59, "minimum": 0.1}, lambda o: lr_scheduler.CosineAnnealingLR(o, 59, eta_min=0.1 * RATE)),
    (
        {"type": "cosine", "updates": 50, "warmup": 10},
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, 0.1, total_iters=9), lr_scheduler.CosineAnnealingLR(o, 50)], [10]
        ),
    ),
    ({"type": "constant", "warmup": 16}, lambda o: lr_scheduler.LinearLR(o, 1 / 16, total_iters=15)),
]
PLATEAUS = [
    {"type": "plateau"},
    {"type": "plateau", "factor": 0.5, "patience": 2, "threshold": 0.05, "minimum": 0.04},
    {"type": "plateau", "factor": 0.8, "patience": 0, "threshold": 0},
]


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)


cases = []
for schedule, make in SCHEDULES:
    o = optimizer()
    scheduler = make(o)
    rates = []
    for _ in range(STEPS):
        rates.append(o.param_groups[0]["lr"])
        o.step()
        scheduler.step()
    cases.append({"schedule": schedule, "rates": rates})
# A loss that falls, stays, falls a little, rises, and falls again.
losses = [3 / (1 + n) + 0.02 * math.sin(n * n) + (0.5 if 30 < n < 45 else 0) for n in range(STEPS)]
for schedule in PLATEAUS:
    o = optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(
        o,
        factor=schedule.get("factor", 0.1),
        patience=schedule.get("patience", 10),
        threshold=schedule.get("threshold", 1e-4),
        min_lr=RATE * schedule.get("minimum", 0),
        eps=0,
    )
    rates = []
    for loss in losses:
        rates.append(o.param_groups[0]["lr"])
        scheduler.step(loss)
    cases.append({"schedule": schedule, "rates": rates, "losses": losses})

path = pathlib.Path(__file__).parent / "schedules.json"
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
