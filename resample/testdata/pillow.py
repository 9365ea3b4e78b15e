"""Writes pillow.json: what Pillow makes of made-up pictures, as SHA-256.

    python3 -m venv v && v/bin/pip install pillow 'numpy<2'
    v/bin/python pillow.py > pillow.json

The pictures are those of picture() in pictures_test.go.
"""
import hashlib
import json

import numpy as np
import PIL
from PIL import Image

sizes = [
    (768, 576, 341, 256), (352, 288, 313, 256), (640, 480, 224, 224), (640, 480, 256, 192), (320, 240, 341, 256),
    (176, 144, 224, 224), (299, 299, 224, 224), (600, 400, 150, 200), (97, 61, 31, 23), (64, 48, 30, 22),
    (23, 17, 40, 31), (16, 16, 8, 8), (10, 1, 4, 1), (7, 5, 7, 5), (7, 5, 1, 1), (1, 1, 9, 4), (500, 333, 77, 333),
]
filters = {"pillow-nearest": Image.NEAREST, "pillow-box": Image.BOX, "pillow-bilinear": Image.BILINEAR,
           "pillow-bicubic": Image.BICUBIC, "pillow-lanczos": Image.LANCZOS}


def picture(kind, w, h, channels):
    i = np.arange(w * h * channels, dtype=np.uint64)
    x = (i * 2654435761 + 12345) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    v = x >> 24 if kind == "noise" else (x >> 31) * 255
    return v.astype(np.uint8).reshape(h, w, channels)


cases = []
for w, h, dw, dh in sizes:
    for kind in ("noise", "extremes"):
        img = Image.fromarray(picture(kind, w, h, 3))
        cases.append({"kind": kind, "src": [w, h], "dst": [dw, dh], "sha256": {
            name: hashlib.sha256(img.resize((dw, dh), f).tobytes()).hexdigest() for name, f in filters.items()}})
print("{\"origin\": \"Pillow %s, numpy %s, pillow.py\", \"cases\": [" % (PIL.__version__, np.__version__))
print(",\n".join(json.dumps(c) for c in cases))
print("]}")
