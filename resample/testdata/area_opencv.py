"""Writes area_opencv.json: what OpenCV itself makes of made-up pictures.

    python3 -m venv v && v/bin/pip install opencv-python-headless==4.6.0.66 'numpy<2'
    v/bin/python area_opencv.py > area_opencv.json

Each case is one cv2.resize(..., INTER_AREA), BGR to grey after it for
"luma"; the result is kept as its SHA-256, tiny ones in full. The pictures
are those of picture() in pictures_test.go.
"""
import hashlib
import json

import cv2
import numpy as np


def picture(kind, w, h, channels):
    i = np.arange(w * h * channels, dtype=np.uint64)
    x = (i * 2654435761 + 12345) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    if kind == "noise":
        v = x >> 24
    elif kind == "extremes":
        v = (x >> 31) * 255
    elif kind == "smooth":
        p = i // channels
        v = (p % w * 3 + p // w * 2 + i % channels * 40 + (x >> 30)) & 255
    return v.astype(np.uint8).reshape(h, w, channels)


# srcW, srcH, dstW, dstH. Fractional, whole and mixed scales; scales whose
# results often lie on .5 (4/3, 20/7 with 15/7, 10/3); the sizes of real video.
sizes = [
    (768, 576, 341, 256), (1280, 720, 455, 256), (1920, 1080, 455, 256), (352, 288, 313, 256),
    (576, 768, 256, 341), (640, 480, 341, 256), (720, 528, 349, 256), (640, 480, 224, 224),
    (768, 576, 224, 224), (1280, 720, 299, 299), (1920, 1080, 592, 333), (720, 576, 320, 256),
    (3840, 2160, 455, 256), (1280, 720, 384, 216), (341, 256, 256, 192), (299, 299, 224, 224),
    (512, 512, 256, 256), (448, 448, 224, 224), (768, 768, 256, 256), (512, 768, 256, 256),
    (1024, 1024, 256, 256), (1024, 512, 256, 512), (600, 400, 200, 300), (600, 400, 150, 200),
    (96, 64, 32, 32), (97, 61, 31, 23), (23, 17, 11, 9), (16, 16, 8, 8), (64, 48, 30, 22),
    (10, 1, 4, 1), (1, 10, 1, 4), (7, 5, 7, 5), (7, 5, 7, 3), (7, 5, 1, 1), (257, 129, 256, 128),
    (2000, 12, 1999, 11), (1501, 1103, 1201, 1009), (999, 333, 77, 201), (5000, 3, 13, 2),
]

cases = []
for w, h, dw, dh in sizes:
    large = w * h > 1000000  # these take long
    for channels in (3,) if large else (1, 3):
        for kind in ("noise",) if large else ("noise", "extremes", "smooth"):
            src = picture(kind, w, h, channels)
            dst = cv2.resize(src, (dw, dh), interpolation=cv2.INTER_AREA)
            c = {"kind": kind, "src": [w, h], "dst": [dw, dh], "channels": channels,
                 "sha256": hashlib.sha256(dst.tobytes()).hexdigest()}
            if channels == 3:
                c["luma_sha256"] = hashlib.sha256(cv2.cvtColor(dst, cv2.COLOR_BGR2GRAY).tobytes()).hexdigest()
            if dst.size <= 12:
                c["full"] = dst.reshape(-1).tolist()
            cases.append(c)
print("{\"origin\": \"cv2 %s, numpy %s, area_opencv.py\", \"cases\": [" % (cv2.__version__, np.__version__))
print(",\n".join(json.dumps(c) for c in cases))
print("]}")
