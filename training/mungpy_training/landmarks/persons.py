"""Persons: landmarks from an openly licensed face mesh, made steady.

The published landmarks of these video frames are noisy: proportions computed from them hardly repeat between recordings
of one person. So a face mesh looks at the frames anew (mesh.py). Where it puts a landmark elsewhere on average, that
landmark moves to where the published ones lie. Then each frame gets the person's mean symmetric shape over all
recordings, at the place, size and roll of the frame. The network learns to see what stays of a face, and not its
expression or the grain of the frame.
"""

import zlib
from pathlib import Path

import numpy as np

from mungpy_training.files import read_lines, read_rgb
from mungpy_training.landmarking import LANDMARKS
from mungpy_training.landmarks.faces import Face
from mungpy_training.shapes import from_complex, symmetric_shape, to_16, to_complex


def is_held_out(person):
    """Half of all persons: no training sees them, and repeatability is measured on them."""
    return zlib.crc32(person.encode()) % 2 == 0


def name_of(row):
    """The name "PERSON/FILE" of a photo that `mungpy extract` names by its path."""
    return "/".join(row["photo"].split("/")[-2:])


def box_of(row):
    """The box that `mungpy extract` found."""
    return [row["face"][side] for side in ("left", "top", "right", "bottom")]


def boxed(data, found):
    """The frames with published landmarks in which `mungpy extract --species person --json` found a face."""
    data = Path(data)
    marks = {row["image"]: to_16(np.array(row["landmarks68"])) for row in read_lines(data / "landmarks68.jsonl")}
    rows = [row for row in read_lines(found) if "face" in row and name_of(row) in marks]
    visible = [True] * LANDMARKS
    photos = [(name_of(row), box_of(row)) for row in rows]
    return [Face(read_rgb(data / name), box, marks[name], visible, name) for name, box in photos]


def eye_frame(points):
    """The points as complex numbers with the middle of the eyes at 0 and the right eye at ½.

    Returns also the line from the left to the right eye and the middle of the eyes.
    """
    face = to_complex(points)
    left, right = face[0:4].mean(), face[4:8].mean()
    return (face - (left + right) / 2) / (right - left), right - left, (left + right) / 2


def meshed(faces, path):
    """Gives the faces the landmarks of the mesh, moved by their median distance from the published ones.

    Returns the faces that the mesh saw.
    """
    mesh = {row["photo"]: np.array(row["landmarks"]) for row in read_lines(path)}
    faces = [face for face in faces if face.name in mesh]
    gaps = np.array([eye_frame(face.points)[0] - eye_frame(mesh[face.name])[0] for face in faces])
    bias = np.median(gaps.real, axis=0) + 1j * np.median(gaps.imag, axis=0)
    for face in faces:
        shape, line, middle = eye_frame(mesh[face.name])
        face.points = from_complex((shape + bias) * line + middle)
    return faces


def steady(faces):
    """Gives each face the symmetric shape of the person's mean in place of its own.

    The mean is over the recordings. That of a recording is over its frames.
    """
    parts = [symmetric_shape(face.points) for face in faces]
    recordings = {}
    for face, (shape, _, _) in zip(faces, parts, strict=True):
        recordings.setdefault(face.individual, {}).setdefault(face.recording, []).append(shape)
    mean = {
        person: np.mean([np.mean(shapes, 0) for shapes in by_recording.values()], 0)
        for person, by_recording in recordings.items()
    }
    for face, (shape, size, roll) in zip(faces, parts, strict=True):
        face.points = face.points + from_complex((mean[face.individual] - shape) * size * np.exp(1j * roll))
