#!/usr/bin/env python3
"""Makes timm.json: what timm computes, in float64, from made-up weights.

    python3 reference.py > ../timm.json

The weights are those of RandomWeights (infer/zoo/weights.go) under timm's own
names; the picture is that of goldenPicture (infer/zoo/golden_test.go). With
SEED=1 it gives the figures of architectures.json again, which were made
elsewhere: run with --check for that. Needs torch, timm and numpy.
"""

import json
import sys

import numpy as np
import timm
import torch

SEED, PICTURE = 9001, 2
NAMES = {  # the zoo's name: timm's
    "inception-resnet-v2": "inception_resnet_v2",
    "resnet50": "resnet50",
    "vgg16": "vgg16",
    "efficientnet-lite0": "tf_efficientnet_lite0",
    "efficientnet-lite1": "tf_efficientnet_lite1",
    "efficientnet-lite2": "tf_efficientnet_lite2",
}
# (byte - mean) / scale, as infer/zoo/architecture.go has them.
ARITHMETIC = {
    "inception-resnet-v2": ([127.5] * 3, [127.5] * 3),
    "resnet50": ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
    "vgg16": ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
}


def fnv1a64(text):
    h = 0xCBF29CE484222325
    for b in text.encode():
        h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def splitmix64(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def values(name, shape, seed):
    n = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        i = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        u = splitmix64(np.uint64(fnv1a64(name) ^ seed) + i) >> np.uint64(40)
    u = u.astype(np.float64) / 2**24
    if name.endswith("running_var"):
        v = 0.5 + u
    elif name.endswith("running_mean"):
        v = 0.2 * (2 * u - 1)
    elif len(shape) == 4:
        v = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif len(shape) == 2:
        v = (2 * u - 1) * np.sqrt(3 / shape[1])
    elif name.endswith(".weight"):
        v = 0.5 + u
    else:
        v = 0.2 * (2 * u - 1)
    return v.astype(np.float32).reshape(shape)


def picture(size, k):
    y, x = np.mgrid[0:size, 0:size]
    channels = [x * (7 + 3 * c + k) + y * (11 - 2 * c) + ((x * y) >> 4) * 5 + ((x ^ y) & 63) * 2 for c in range(3)]
    return np.stack(channels).astype(np.int64) & 255


def logits(name, seed, k):
    model = timm.create_model(NAMES[name]).eval()
    state = {}
    for key, tensor in model.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            state[key] = torch.from_numpy(values(key, tuple(tensor.shape), seed))
    missing, extra = model.load_state_dict(state, strict=False)
    assert not extra and all(m.endswith("num_batches_tracked") for m in missing), (missing, extra)
    model.double()
    size = model.default_cfg["input_size"][1]
    mean, scale = ARITHMETIC.get(name, ([127.0] * 3, [128.0] * 3))
    x = (picture(size, k) - np.array(mean).reshape(3, 1, 1)) / np.array(scale).reshape(3, 1, 1)
    with torch.no_grad():
        y = model(torch.from_numpy(x)[None])[0].numpy()
    return y, {key: list(t.shape) for key, t in state.items()}


def check():
    want = json.load(open("architectures.json"))["models"]
    for name, m in want.items():
        for k, p in enumerate(m["pictures"]):
            y, _ = logits(name, 1, k)
            w = np.array(p["logits"])
            print(name, k, np.abs(y - w).max() / np.abs(w).max(), list(np.argsort(-y)[:5]) == p["top5"])


def main():
    out = {
        "about": f"Logits by timm {timm.__version__} (torch {torch.__version__}) in float64; made by reference.py",
        "seed": SEED,
        "picture": PICTURE,
        "models": {},
    }
    for name in NAMES:
        y, shapes = logits(name, SEED, PICTURE)
        out["models"][name] = {"top5": [int(i) for i in np.argsort(-y)[:5]], "logits": [float(f"{v:.7g}") for v in y]}
        if name.startswith("efficientnet"):
            # timm's names for what the zoo's own weights call otherwise.
            out["models"][name]["tensors"] = shapes
    json.dump(out, sys.stdout, separators=(",", ":"))
    print()


check() if "--check" in sys.argv else main()
