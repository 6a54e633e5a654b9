"""Makes scores.json: scores of classes and of forecasts by scikit-learn (1.2).

    apt-get install python3-sklearn && /usr/bin/python3 tests/vectors/scores.py
"""

import json
import pathlib

import numpy
from sklearn import metrics

random = numpy.random.default_rng(1997)


def classes(name, count, classes, weighted, ties=False):
    logits = random.normal(size=(count, classes)) * 1.5
    targets = random.integers(0, classes, count)
    logits[numpy.arange(count), targets] += 1
    p = numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True)
    if ties:
        # Many equal scores; a row need not add up to 1.
        p = numpy.round(p, 1) + numpy.arange(classes) * 1e-3
    p = numpy.round(p, 6)
    weights = numpy.round(random.uniform(0, 2, count), 3) if weighted else numpy.ones(count)
    said = p.argmax(1)
    kinds = list(range(classes))
    each = metrics.precision_recall_fscore_support(targets, said, labels=kinds, sample_weight=weights, zero_division=0)
    auc = [metrics.roc_auc_score(targets == k, p[:, k], sample_weight=weights) for k in kinds]
    return {
        "name": name,
        "targets": targets.tolist(),
        "probabilities": p.flatten().tolist(),
        "weights": weights.tolist(),
        "accuracy": metrics.accuracy_score(targets, said, sample_weight=weights),
        "confusion": metrics.confusion_matrix(targets, said, labels=kinds, sample_weight=weights).tolist(),
        "precision": each[0].tolist(),
        "recall": each[1].tolist(),
        "f1": each[2].tolist(),
        "weight": each[3].tolist(),
        "auc": auc,
        "macro": [*(float(numpy.mean(x)) for x in each[:3]), float(numpy.mean(auc))],
    }


def forecast(name, count, weighted):
    targets = numpy.round(random.normal(size=count) * 3 + 10, 3)
    quantiles = [0.1, 0.5, 0.9]
    said = numpy.round(numpy.sort(targets[:, None] + random.normal(size=(count, 3)) * 2, 1), 3)
    weights = numpy.round(random.uniform(0, 2, count), 3) if weighted else numpy.ones(count)
    return {
        "name": name,
        "targets": targets.tolist(),
        "quantiles": quantiles,
        "forecast": said.flatten().tolist(),
        "weights": weights.tolist(),
        "mae": metrics.mean_absolute_error(targets, said[:, 1], sample_weight=weights),
        "rmse": metrics.mean_squared_error(targets, said[:, 1], sample_weight=weights) ** 0.5,
        "pinball": [
            metrics.mean_pinball_loss(targets, said[:, q], alpha=alpha, sample_weight=weights) for q, alpha in enumerate(quantiles)
        ],
    }


result = {
    "classes": [
        classes("three classes", 40, 3, False),
        classes("four classes, weighted", 60, 4, True),
        classes("two classes, many of equal probability", 40, 2, True, ties=True),
    ],
    "forecasts": [forecast("quantiles", 30, False), forecast("quantiles, weighted", 30, True)],
}
pathlib.Path(__file__).with_name("scores.json").write_text(json.dumps(result) + "\n")
