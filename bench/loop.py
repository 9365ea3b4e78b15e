"""The loop that a user would write: what flipmeter's speed is compared with.

OpenCV reads and resizes, numpy normalises, ONNX Runtime classifies, all with
their default settings, and label flips are counted. Prints one JSON object.

usage: loop.py MODEL.onnx VIDEO
"""

import json
import sys
import time

import cv2
import numpy as np
import onnxruntime as ort


def preprocess(picture):
    """Shorter side to 256, centre crop to 224, RGB, (x - 127) / 128, planes first."""
    height, width = picture.shape[:2]
    scale = 256 / min(height, width)
    picture = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_LINEAR)
    top, left = (picture.shape[0] - 224) // 2, (picture.shape[1] - 224) // 2
    picture = cv2.cvtColor(picture[top : top + 224, left : left + 224], cv2.COLOR_BGR2RGB)
    x = (picture.astype(np.float32) - 127) / 128
    return x.transpose(2, 0, 1)[np.newaxis]


def main(model, video):
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    session.run(None, {name: np.zeros((1, 3, 224, 224), np.float32)})

    capture = cv2.VideoCapture(video)
    frames = flips = 0
    last = None
    start = time.perf_counter()
    while True:
        ok, picture = capture.read()
        if not ok:
            break
        logits = session.run(None, {name: preprocess(picture)})[0][0]
        label = int(np.argmax(logits))
        flips += last is not None and label != last
        last = label
        frames += 1
    seconds = time.perf_counter() - start
    print(json.dumps({"frames": frames, "seconds": seconds, "flips": flips}))


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(*sys.argv[1:])
