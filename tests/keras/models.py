"""Keras 3's models as files with what they compute: tests/vectors/keras.json, for ../keras.test.ts; and memcell's weights in Keras.

    pip install keras torch h5py safetensors && KERAS_BACKEND=torch python3 tests/keras/models.py make tests/vectors/keras.json
    KERAS_BACKEND=torch python3 tests/keras/models.py load tests/vectors/keras.json    # reads what memcell put beside it, .back
"""

import base64
import gzip
import json
import sys
import tempfile

import keras
import numpy as np
from keras import layers as L
from safetensors.numpy import load

keras.utils.set_random_seed(1997)
rng = np.random.default_rng(1)


def functional():
    x = y = keras.Input((None, 3))
    for layer in [L.GRU(4, return_sequences=True, name="reader"), L.Dropout(0.1), L.GRU(3, name="teller"), L.Dense(2, name="top")]:
        y = layer(y)
    return keras.Model(x, y)


CASES = [
    ("lstm", lambda: keras.Sequential([keras.Input((None, 3)), L.LSTM(4), L.Dense(2, activation="softmax")]), 3),
    ("functional gru, with names", functional, 3),
    ("both directions, normalised", lambda: keras.Sequential([keras.Input((None, 2)), L.Bidirectional(L.LSTM(3, return_sequences=True)), L.LayerNormalization(), L.TimeDistributed(L.Dense(2, activation="relu"))]), 2),
    ("gru of old, hard sigmoid", lambda: keras.Sequential([keras.Input((None, 2)), L.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid"), L.Dense(1, use_bias=False)]), 2),
    ("tokens, backwards", lambda: keras.Sequential([keras.Input((None,)), L.Embedding(6, 3, mask_zero=True), L.SimpleRNN(4, go_backwards=True), L.Dense(1, activation="sigmoid")]), 0),
    ("means", lambda: keras.Sequential([keras.Input((None, 2)), L.Masking(), L.Bidirectional(L.GRU(2, return_sequences=True), merge_mode="sum"), L.GlobalAveragePooling1D(), L.Dense(1)]), 2),
]


def build(index):
    keras.utils.set_random_seed(index)
    model = CASES[index][1]()
    generator = np.random.default_rng(index)
    model.set_weights([generator.normal(0, 0.4, w.shape).astype("float32") for w in model.get_weights()])
    return model


what, path = sys.argv[1:]
if what == "make":
    result = []
    for index, (name, _, features) in enumerate(CASES):
        model = build(index)
        x = rng.integers(1, 6, (1, 5)) if features == 0 else rng.normal(0, 1, (1, 5, features)).astype("float32")
        files = {}
        for end in ["keras", "h5"]:
            with tempfile.NamedTemporaryFile(suffix=f".{end}") as file:
                model.save(file.name)
                files[end] = base64.b64encode(gzip.compress(open(file.name, "rb").read(), mtime=0)).decode()
        outputs = np.asarray(model.predict(x, verbose=0)).flatten()
        result.append({"name": name, "files": files, "inputs": x.flatten().tolist(), "outputs": [round(float(v), 8) for v in outputs]})
    json.dump(result, open(path, "w"), separators=(",", ":"))
else:
    worst = 0
    back = json.load(open(f"{path}.back"))
    for case, weights in zip(json.load(open(path)), back):
        # There memcell has a layer more, which scales for Keras's epsilon.
        if "normalised" in case["name"]:
            continue
        index = [name for name, *_ in CASES].index(case["name"])
        model = build(index)
        read = load(base64.b64decode(weights))
        kept = model.get_weights()
        model.set_weights([read[name] for name in sorted(read)])
        worst = max(worst, max(float(np.abs(a - b).max()) for a, b in zip(kept, model.get_weights())))
    print(f"{len(back)} models, at most {worst} apart")
