"""Persons: published points, cleaned, and the steadier targets made from them.

The published points of video frames are noisy: proportions computed from them hardly repeat between recordings
of one person. Two steps make targets of them. A first network is trained on the points without their slips; it
averages the noise over all persons. Then the symmetric shape of each frame gives way to the mean that the first
network sees over all frames of the person, placed as the frame shows the head: the second network learns to see
what stays of a face and not its expression or the grain of the frame.
"""
import json
import zlib
from pathlib import Path

import cv2
import numpy as np

from faces import MIRRORED, Face

COMPONENTS = 12  # of the shape model that slips are told by
SLIP = 0.08  # of the interocular distance


def is_held_out(person):
    """Half of all persons is never trained on: repeatability is measured on them."""
    return zlib.crc32(person.encode()) % 2 == 0


def ibug16(p):
    """The 16 landmarks from the 68 points of the iBUG scheme."""
    lid = lambda a, b: (p[a] + p[b]) / 2
    return np.array([p[36], lid(37, 38), p[39], lid(40, 41), p[42], lid(43, 44), p[45], lid(46, 47),
                     p[31], p[30], p[35], p[33], p[48], p[51], p[54], p[8]])


def boxed(data, found):
    """Every frame with a face box in FOUND, lines of `mungpy extract --species person --json`, and published points."""
    data = Path(data)
    marks = {row["image"]: ibug16(np.array(row["landmarks68"]))
             for row in map(json.loads, (data / "landmarks68.jsonl").read_text().splitlines())}
    faces = []
    for row in map(json.loads, Path(found).read_text().splitlines()):
        name = "/".join(row["photo"].split("/")[-2:])
        if "face" not in row or name not in marks:
            continue
        box = [row["face"][side] for side in ("left", "top", "right", "bottom")]
        image = np.ascontiguousarray(cv2.imread(str(data / name))[:, :, ::-1])
        face = Face(image, box, marks[name], [True] * 16, name)
        face.person, face.recording = name.split("/")[0], name.split("/")[1][0]
        faces.append(face)
    return faces


def hide_slips(faces):
    """Marks points invisible that a shape model of few components cannot explain."""
    shapes = []
    for face in faces:
        left, right = face.points[0:4].mean(0), face.points[4:8].mean(0)
        turn = (right - left)[0] + 1j * (right - left)[1]
        shapes.append((complex_of(face.points) - complex_of((left + right)[None] / 2)) / turn)
    shapes = np.array(shapes)
    flat = np.concatenate([shapes.real, shapes.imag], 1)
    flat = flat - np.median(flat, axis=0)
    clipped = np.clip(flat, *np.percentile(flat, [1, 99], axis=0))
    _, _, axes = np.linalg.svd(clipped - clipped.mean(0), full_matrices=False)
    rest = flat - flat @ axes[:COMPONENTS].T @ axes[:COMPONENTS]
    far = np.hypot(rest[:, :16], rest[:, 16:])
    for face, misses in zip(faces, far):
        face.visible = misses < SLIP
    print(f"{len(faces)} faces, {100 * np.mean(far < SLIP):.1f} % of their points kept")


def complex_of(points):
    return points[:, 0] + 1j * points[:, 1]


def symmetric(points):
    """Symmetric shape of centroid size 1 (complex), its size, roll and the centroid; as src/face/shape.rs."""
    centre = complex_of(points).mean()
    face = complex_of(points) - centre
    mirror = -np.conj(face[MIRRORED])
    roll = np.angle(np.sum(face * np.conj(mirror))) / 2
    shape = (face * np.exp(-1j * roll) + mirror * np.exp(1j * roll)) / 2
    size = np.linalg.norm(shape)
    return shape / size, size, roll


def steady(faces, predict):
    """Gives each face the points that `predict` sees, with the symmetric shape of the person's mean in place of its own.

    The mean is over the recordings, each the mean of its frames.
    """
    seen = [predict(face) for face in faces]
    parts = [symmetric(points) for points in seen]
    own = {}
    for face, (shape, _, _) in zip(faces, parts):
        own.setdefault(face.person, {}).setdefault(face.recording, []).append(shape)
    mean = {person: np.mean([np.mean(shapes, 0) for shapes in recordings.values()], 0) for person, recordings in own.items()}
    for face, points, (shape, size, roll) in zip(faces, seen, parts):
        shift = (mean[face.person] - shape) * size * np.exp(1j * roll)
        face.points = points + np.stack([shift.real, shift.imag], 1)
        face.visible = np.ones(16, bool)
