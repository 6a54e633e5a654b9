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


def rational(name, function, n, m, limit, shift, relative):
    """function(x) = shift + x P(z)/Q(z), z = x^2, P of degree n, Q of degree m and with 1 at the highest power, on [0, limit]."""
    x = np.linspace(1e-3, limit, 6000)
    f, z = (function(x) - shift) / x, (x / limit) ** 2
    powers = np.stack([z**i for i in range(max(n, m) + 1)], 1)
    columns = np.concatenate([powers[:, : n + 1], -f[:, None] * powers[:, 1 : m + 1]], 1)
    denominator = lambda c: np.ones_like(z) if c is None else 1 + powers[:, 1 : m + 1] @ c[n + 1 :]
    _, c = lawson(columns, f, lambda c: (1 / f if relative else x) / denominator(c), 600)
    scale = limit ** (-2.0 * np.arange(max(n, m) + 1))
    P, Q = c[: n + 1] * scale[: n + 1], np.concatenate([[1], c[n + 1 :]]) * scale[: m + 1]
    P, Q = P / Q[-1], Q / Q[-1]
    x = np.concatenate([np.linspace(0, 1.3 * limit, 2000001), np.logspace(-30, 0, 200001)]).astype(f32)
    b = np.minimum(x, f32(limit))
    z = b * b
    part = horner(P, z) * b / horner(Q, z)
    y, t = f32(shift) + part, function(x.astype(np.float64))
    print(name, "P", P.tolist(), "\n     Q", Q.tolist())
    print("     absolute", np.abs(y - t).max(), "least at -x", (f32(shift) - part).min(), "largest", y.max())
    if relative:
        print("     relative", np.abs(y[x > 0] / t[x > 0] - 1).max())


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


rational("tanh", np.tanh, 4, 4, 7.8, 0, True)
rational("sigmoid", lambda x: 1 / (1 + np.exp(-x)), 4, 3, 15.5, 0.5, False)
exp()
log()
sineAndCosine()
