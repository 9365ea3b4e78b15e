"""Writes pyscenedetect.json: what PySceneDetect says of a montage of the footage.

    python3 -m venv v
    v/bin/pip install 'scenedetect==0.6.*' opencv-python-headless==4.6.0.66 'numpy<2'
    v/bin/python pyscenedetect.py FOOTAGE_FOLDER > pyscenedetect.json

The montage is made by the ffmpeg command that the file records; the test runs
the same one. Its frames are given to the detectors themselves, and once more
as a lossless file through PySceneDetect's whole SceneManager: both must agree.
Also recorded: SHA-256 of OpenCV's HSV of the whole 8-bit RGB cube.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import scenedetect
from scenedetect import AdaptiveDetector, ContentDetector, SceneManager, StatsManager, open_video

WIDTH, HEIGHT = 256, 192
# file, first frame, frames. Short pieces put cuts into each other's
# neighbourhood; the last ones lie at the end, where neighbours are missing.
PIECES = [
    ("vtest.avi", 0, 30), ("Megamind.avi", 0, 60), ("tree.avi", 0, 25), ("bigbuckbunny.mp4", 0, 40),
    ("vtest.avi", 100, 3), ("carphone_pristine.mp4", 0, 4), ("bikes.mp4", 0, 2), ("tree.avi", 30, 1),
    ("Megamind.avi", 100, 5), ("bikes.mp4", 0, 60), ("Megamind.avi", 60, 40), ("bigbuckbunny.mp4", 60, 40),
    ("carphone_distorted.mp4", 0, 20), ("carphone_pristine.mp4", 0, 20), ("bikes.mp4", 100, 30),
    ("bigbuckbunny.mp4", 60, 8), ("vtest.avi", 5, 1), ("tree.avi", 5, 1),
]


def command():
    args, filters = ["-v", "error", "-nostdin"], []
    for name in sorted({p[0] for p in PIECES}):
        args += ["-i", name]
    names = sorted({p[0] for p in PIECES})
    for i, (name, first, n) in enumerate(PIECES):
        filters.append(
            f"[{names.index(name)}:v]trim=start_frame={first}:end_frame={first + n},setpts=N/25/TB,"
            f"scale={WIDTH}:{HEIGHT}:flags=bilinear+accurate_rnd+bitexact,setsar=1,format=rgb24[p{i}]")
    joined = "".join(f"[p{i}]" for i in range(len(PIECES)))
    filters.append(f"{joined}concat=n={len(PIECES)}:v=1:a=0[out]")
    return args + ["-filter_complex", ";".join(filters), "-map", "[out]", "-vsync", "passthrough",
                   "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]


def run(detector, frames):
    detector.stats_manager = StatsManager()
    detector.stats_manager.register_metrics(detector.get_metrics())
    cuts = []
    for i, f in enumerate(frames):
        cuts += detector.process_frame(i, f)
    return cuts, detector.stats_manager


def whole(detector, path):
    manager = SceneManager()
    manager.add_detector(detector)
    manager.detect_scenes(open_video(path))
    return [c.get_frames() for c in manager.get_cut_list()]


folder = sys.argv[1]
args = command()
raw = subprocess.run(["ffmpeg"] + args, cwd=folder, check=True, stdout=subprocess.PIPE).stdout
frames = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
frames = [np.ascontiguousarray(f[:, :, ::-1]) for f in frames]


adaptive, stats = run(AdaptiveDetector(min_scene_len=1), frames)
content, content_stats = run(ContentDetector(min_scene_len=1), frames)
counted, _ = run(AdaptiveDetector(), frames)
scores = [content_stats.get_metrics(i, ["content_val"])[0] or 0.0 for i in range(len(frames))]

with tempfile.TemporaryDirectory() as tmp:
    path = os.path.join(tmp, "montage.avi")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25",
                    "-i", "-", "-c:v", "ffv1", "-pix_fmt", "bgr0", path], input=raw, check=True)
    for detector, got in ((AdaptiveDetector(min_scene_len=1), adaptive), (ContentDetector(min_scene_len=1), content),
                          (AdaptiveDetector(), counted)):
        assert whole(detector, path) == got, (whole(detector, path), got)

r = np.arange(1 << 24, dtype=np.uint32)
cube = np.stack([r >> 16, r >> 8 & 255, r & 255], axis=-1).astype(np.uint8).reshape(4096, 4096, 3)
hsv = cv2.cvtColor(cube, cv2.COLOR_RGB2HSV)

print(json.dumps({
    "origin": f"pyscenedetect.py: scenedetect {scenedetect.__version__}, cv2 {cv2.__version__}, "
              + subprocess.run(["ffmpeg", "-version"], stdout=subprocess.PIPE).stdout.decode().split(" Copyright")[0],
    "ffmpeg": args, "width": WIDTH, "height": HEIGHT, "fps": 25,
    "adaptive": adaptive, "content": content, "adaptive_min_scene_15": counted,
    "scores": [round(s, 4) for s in scores],
    "hsv_cube_sha256": hashlib.sha256(hsv.tobytes()).hexdigest(),
}))
