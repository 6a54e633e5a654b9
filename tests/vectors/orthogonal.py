"""Makes orthogonal.json: matrices and what nn.init.orthogonal_ makes of them, by PyTorch's QR (1.13, CPU, double precision).

    apt-get install python3-torch && /usr/bin/python3 tests/vectors/orthogonal.py
"""

import json
import pathlib

import torch

torch.manual_seed(1997)


def orthogonal(matrix):
    """torch.nn.init.orthogonal_ after its random numbers: R's diagonal made positive."""
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = torch.linalg.qr(matrix.T if wide else matrix)
    q = q * torch.diag(r).sign()
    return q.T if wide else q


def case(rows, columns):
    # Numbers that f32 holds, so that both start from the same.
    matrix = torch.randn(rows, columns).double()
    return {
        "rows": rows,
        "columns": columns,
        "matrix": matrix.flatten().tolist(),
        "orthogonal": [round(x, 9) for x in orthogonal(matrix).flatten().tolist()],
    }


cases = [case(5, 3), case(3, 7), case(4, 4), case(1, 6), case(6, 1)]
pathlib.Path(__file__).with_name("orthogonal.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
