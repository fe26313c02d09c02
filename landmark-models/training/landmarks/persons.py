"""Persons: points from an openly licensed face mesh, made steady.

The published points of these video frames are noisy: proportions computed from them hardly repeat between recordings of
one person. A face mesh (mesh.py) sees the frames anew; what it draws elsewhere on average is moved to where the published
points lie. Then the symmetric shape of each frame gives way to the mean over all recordings of the person, placed as the
frame shows the head: the network learns to see what stays of a face and not its expression or the grain of the frame.
"""
import json
import zlib
from pathlib import Path

import cv2
import numpy as np

from faces import Face, complex_of, symmetric


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


def normed(points):
    """The points as complex numbers with the eyes' middle at 0 and the right eye at ½; the eyes' line and their middle."""
    left, right = complex_of(points[0:4]).mean(), complex_of(points[4:8]).mean()
    return (complex_of(points) - (left + right) / 2) / (right - left), right - left, (left + right) / 2


def meshed(faces, path):
    """Gives the faces the points of the mesh, moved by the median distance to the published ones; the faces that have any."""
    mesh = {row["photo"]: np.array(row["landmarks"]) for row in map(json.loads, Path(path).read_text().splitlines())}
    faces = [face for face in faces if face.name in mesh]
    gaps = np.array([normed(face.points)[0] - normed(mesh[face.name])[0] for face in faces])
    bias = np.median(gaps.real, axis=0) + 1j * np.median(gaps.imag, axis=0)
    for face in faces:
        shape, line, middle = normed(mesh[face.name])
        points = (shape + bias) * line + middle
        face.points = np.stack([points.real, points.imag], 1)
    return faces


def steady(faces):
    """Gives each face the symmetric shape of the person's mean in place of its own.

    The mean is over the recordings, each the mean of its frames.
    """
    parts = [symmetric(face.points) for face in faces]
    own = {}
    for face, (shape, _, _) in zip(faces, parts):
        own.setdefault(face.person, {}).setdefault(face.recording, []).append(shape)
    mean = {person: np.mean([np.mean(shapes, 0) for shapes in recordings.values()], 0) for person, recordings in own.items()}
    for face, (shape, size, roll) in zip(faces, parts):
        shift = (mean[face.person] - shape) * size * np.exp(1j * roll)
        face.points = face.points + np.stack([shift.real, shift.imag], 1)
