"""Fits the coefficients of assembly/activation.ts and assembly/initialize.ts and measures the errors that are written there.

    apt-get install python3-numpy && /usr/bin/python3 tests/vectors/fit_activation.py

Minimax by Lawson's iteration: weighted least squares, weights multiplied by the error until it is level.
"""

import numpy as np

f32 = np.float32


def lawson(columns, target, weight, iterations=400):
    """Coefficients c that make max |(columns(w) c - target) weight| small; columns and weight may depend on the last c."""
    w, best, c = np.ones(len(target)), (np.inf, None), None
    for _ in range(iterations):
        scale = np.sqrt(w) * weight(c)
        c = np.linalg.lstsq(columns * scale[:, None], target * scale, rcond=None)[0]
        error = np.abs((columns @ c - target) * weight(c))
        if error.max() < best[0]:
            best = (error.max(), c)
        w = w * np.sqrt(error / error.mean())
        w /= w.sum()
    return best


def horner(coefficients, x):
    result = np.full_like(x, f32(coefficients[-1]))
    for c in coefficients[-2::-1]:
        result = (result * x).astype(f32) + f32(c)
    return result


def every(low, high):
    """All f32 from 2^low to 2^high, an octave at a time."""
    for exponent in range(low, high):
        yield np.arange((127 + exponent) << 23, (128 + exponent) << 23, dtype=np.int32).view(f32)


def sigmoidAndTanh():
    """2^r = (D + N) / (D - N), N / D = tanh(r ln2/2) = r (z + a) / (b0 + b1 z), z = r^2, r in +-1/2: relative error."""
    r = np.linspace(1e-3, 0.50005, 4000)
    z, f = r * r, np.tanh(r * np.log(2) / 2) / r
    columns = np.stack([np.ones_like(z), z, -f * z], 1)
    error, (p0, p1, q1) = lawson(columns, f, lambda c: (1 / f) / (1 if c is None else 1 + c[2] * z), 600)
    a, b0, b1 = p0 / p1, 1 / p1, q1 / p1
    print("2^r  a", a, "b0", b0, "b1", b1, "\n     relative to tanh(r ln2/2)", error)

    def parts(x, scale):
        log2 = x * f32(scale / np.log(2))
        shifted = log2 + f32(12582912 + 127)
        r = log2 - (shifted - f32(12582912 + 127))
        return (shifted.view(np.int32) << 23).view(f32), r * (r * r + f32(a)), r * r * f32(b1) + f32(b0)

    def sigmoid(x):
        s, N, D = parts(np.clip(x, f32(-40), f32(40)), 1)
        power = s * (D + N)
        return np.where(x <= -40, f32(0), power / (power + (D - N)))

    def tanh(x):
        s, N, D = parts(np.minimum(x, f32(10)), 2)
        difference, rest = (s - f32(1)) * D + (s + f32(1)) * N, D - N
        return difference / (difference + (rest + rest))

    for name, of, exact in (
        ("sigmoid", sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        ("sigmoid of -x", lambda x: sigmoid(-x), lambda x: 1 / (1 + np.exp(x))),
        ("tanh", tanh, np.tanh),
    ):
        absolute, relative, below = 0, 0, 0
        for x in every(-12, 6):
            y, t = of(x), exact(x.astype(np.float64))
            absolute = max(absolute, np.abs(y - t).max())
            relative = max(relative, np.abs(y / t - 1)[y > 0].max())
            below = max([below, *x[(y < 1) & (y > 0)]])
        print(name, "absolute", absolute, "relative", relative, "strictly inside up to", below)


def exp():
    """e^r = 1 + r (c1 + ... + c5 r^4) on +-ln2/2: relative error."""
    half = np.log(2) / 2 * 1.0001
    r = np.linspace(-half, half, 4001)
    _, c = lawson(np.stack([r**i for i in range(1, 6)], 1), np.exp(r) - 1, lambda _: 1 / np.exp(r))
    c = np.concatenate([[1], c])
    x = np.linspace(-87, 88, 4000001).astype(f32)
    n = np.rint(x * f32(1.44269504)).astype(f32)
    r = (x - n * f32(0.693145751953125)).astype(f32)
    r = (r - n * f32(np.log(2) - 0.693145751953125)).astype(f32)
    y = horner(c, r).astype(np.float64) * 2.0**n
    print("exp ", c.tolist(), "\n     relative", np.abs(y / np.exp(x.astype(np.float64)) - 1).max())


def log():
    """log m = s (2 + z (d1 + d2 z + d3 z^2)), s = (m-1)/(m+1), z = s^2, m in [sqrt(1/2), sqrt(2)]."""
    m = np.linspace(np.sqrt(0.5), np.sqrt(2), 4000)
    s = (m - 1) / (m + 1)
    z = s * s
    _, d = lawson(np.stack([z, z**2, z**3], 1), np.log(m) / s - 2, lambda _: s / np.log(m))
    x = np.exp(np.random.default_rng(1).uniform(-80, 80, 2000001)).astype(f32)
    shifted = x.view(np.int32) - 0x3F3504F3
    n = (shifted >> 23).astype(f32)
    m = ((shifted & 0x7FFFFF) + 0x3F3504F3).view(f32)
    s = (m - f32(1)) / (m + f32(1))
    z = s * s
    y = n * f32(0.69314718056) + s * (horner(d, z) * z + f32(2))
    t = np.log(x.astype(np.float64))
    print("log ", d.tolist(), "\n     relative to max(1, |log x|)", (np.abs(y - t) / np.maximum(1, np.abs(t))).max())


def sineAndCosine():
    """sin(pi f) = f (c0 + c1 z + ... + c4 z^4), cos(pi f) = 1 + z (c1 + ... + c4 z^3), z = f^2, f in +-1/2: absolute errors."""
    f = np.linspace(1e-3, 0.5, 4000)
    x = np.linspace(-0.5, 0.5, 2000001).astype(f32)
    z, y = f * f, x * x
    even = np.stack([z**i for i in range(5)], 1)
    _, s = lawson(even * f[:, None], np.sin(np.pi * f), lambda _: np.ones_like(f))
    _, c = lawson(even[:, :4] * z[:, None], np.cos(np.pi * f) - 1, lambda _: np.ones_like(f))
    c = np.concatenate([[1], c])
    exact = np.pi * x.astype(np.float64)
    print("sine  ", s.tolist(), "\n     absolute", np.abs(x * horner(s, y) - np.sin(exact)).max())
    print("cosine", c.tolist(), "\n     absolute", np.abs(horner(c, y) - np.cos(exact)).max())


sigmoidAndTanh()
exp()
log()
sineAndCosine()
