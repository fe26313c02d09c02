"""Faces with their points, and the varied chips that the network is trained on."""
import json
import zlib
from pathlib import Path

import cv2
import numpy as np

import bending
from net import SIDE

# The chip around a detector's box, in lengths of the box. Chins hang below boxes.
REACH = 1.3  # side of the chip
DROP = 0.18  # its centre below that of the box
MIRRORED = np.array([6, 5, 4, 7, 2, 1, 0, 3, 10, 9, 8, 11, 14, 13, 12, 15])


class Face:
    def __init__(self, image, box, points, visible, name):
        self.image, self.name = image, name
        self.length = (box[2] - box[0] + box[3] - box[1]) / 2
        self.centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2 + DROP * self.length])
        self.points = np.array(points, np.float64)  # 16 × 2, pixels of the image
        self.visible = np.array(visible, bool)
        self.interocular = np.linalg.norm(self.points[0:4].mean(0) - self.points[4:8].mean(0))


def dogs(data):
    data = Path(data)
    for row in map(json.loads, (data / "landmarks.jsonl").read_text().splitlines()):
        image = cv2.imread(str(data / "images" / row["image"]))[:, :, ::-1]
        visible = [i not in row["hidden"] for i in range(16)]
        face = Face(np.ascontiguousarray(image), row["box"], row["landmarks"], visible, row["image"])
        face.yaw = row["yaw"]
        yield face


def fold(face, folds):
    """The part of a cross-validation that a face belongs to: all photos of a person to the same."""
    return zlib.crc32(face.name.split("/")[0].encode()) % folds


def transform(face, shift=(0.0, 0.0), scale=1.0, roll=0.0):
    """2 × 3 matrix from pixels of the image to pixels of the chip."""
    zoom = SIDE / (face.length * REACH * scale)
    cos, sin = zoom * np.cos(roll), zoom * np.sin(roll)
    centre = face.centre + np.array(shift) * face.length
    middle = (SIDE - 1) / 2
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0]])
    matrix[:, 2] = middle - matrix[:, :2] @ centre
    return matrix


def cut(face, matrix):
    """The chip as SIDE × SIDE × 3 bytes; shrunk smoothly, border pixels replicated."""
    image, zoom = face.image, np.hypot(matrix[0, 0], matrix[1, 0])
    if zoom < 0.67:
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / zoom)
    return cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def normalised(chip):
    return ((chip.astype(np.float32) - 127) / 128).transpose(2, 0, 1)


def mirrored(points):
    """The points of a chip's mirror image, in the order of the landmarks."""
    return (np.array([SIDE - 1, 0]) + np.array([-1, 1]) * points)[MIRRORED]


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


def recolour(chip, rng):
    image = chip.astype(np.float32)
    if rng.random() < 0.2:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.8))
    if rng.random() < 0.15:
        image = image.mean(2, keepdims=True).repeat(3, 2)
    image = (image - 128) * np.exp(rng.normal(0, 0.25)) + 128 + rng.normal(0, 22)
    image = image * np.exp(rng.normal(0, 0.07, 3)).astype(np.float32)
    if rng.random() < 0.2:
        image = image + rng.normal(0, rng.uniform(2, 12), image.shape).astype(np.float32)
    if rng.random() < 0.35:
        w, h = rng.integers(SIDE // 10, SIDE // 3, 2)
        x, y = rng.integers(0, SIDE - w), rng.integers(0, SIDE - h)
        image[y : y + h, x : x + w] = rng.uniform(0, 255, 3)
    return np.clip(image, 0, 255)


def varied(face, rng, amount=0.0, others=()):
    """A training example: input, points in pixels of the chip, visibility.

    Bent by `amount` px; of `others`, every second time, where all points are seen, towards the proportions of one.
    """
    matrix = transform(face, np.clip(rng.normal(0, 0.06, 2), -0.15, 0.15), np.exp(np.clip(rng.normal(0, 0.12), -0.3, 0.3)),
                       np.radians(np.clip(rng.normal(0, 16), -45, 45)))
    chip = cut(face, matrix)
    points = face.points @ matrix[:, :2].T + matrix[:, 2]
    if others and face.visible.all() and rng.random() < 0.5:
        chip, points = bending.towards(chip, points, others[rng.integers(len(others))].points, rng)
    elif amount:
        chip, points = bending.smoothly(chip, points, amount, rng)
    visible = face.visible & ((points > -2) & (points < SIDE + 1)).all(1)
    if rng.random() < 0.5:
        chip = chip[:, ::-1]
        points = mirrored(points)
        visible = visible[MIRRORED]
    return normalised(recolour(chip, rng)), points.astype(np.float32), visible
