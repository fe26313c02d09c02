"""Faces with their landmarks, their chips, and the varied chips that the network learns from."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mungpy_training.files import read_lines, read_rgb
from mungpy_training.landmarking import (
    CHIP_DROP,
    CHIP_REACH,
    CHIP_SIDE,
    INPUT_MEAN,
    INPUT_UNIT,
    JITTERS,
    LANDMARKS,
)
from mungpy_training.landmarks import warping
from mungpy_training.shapes import MIRROR_16, apply, interocular_distance, mirrored

PLAIN = JITTERS[0]  # the box as it is


@dataclass
class Face:
    """One face in a photo."""

    image: np.ndarray  # RGB
    box: list  # left, top, right, bottom in pixels of the image
    points: np.ndarray  # 16 × 2, pixels of the image
    visible: np.ndarray  # whether each landmark shows
    name: str  # of the photo: "FILE", or "PERSON/FILE", where FILE begins with the letter of the recording
    yaw: str = ""  # "front", "slight", "strong", or "" where nobody marked it

    def __post_init__(self):
        self.points = np.array(self.points, np.float64)
        self.visible = np.array(self.visible, bool)

    @property
    def interocular(self):
        """The distance between the eye centres in pixels of the image."""
        return interocular_distance(self.points)

    @property
    def individual(self):
        """Whom the photo shows: a person, or the dog of this one photo."""
        return self.name.split("/")[0]

    @property
    def recording(self):
        """The recording of the person that the photo is a frame of."""
        return self.name.split("/")[1][0]


def dogs(data):
    """The marked dogs."""
    data = Path(data)
    for row in read_lines(data / "landmarks.jsonl"):
        image = read_rgb(data / "images" / row["image"])
        visible = [i not in row["hidden"] for i in range(LANDMARKS)]
        yield Face(image, row["box"], row["landmarks"], visible, row["image"], row["yaw"])


def fold(face, folds):
    """The fold of a cross-validation that a face belongs to: the same for all photos of an individual."""
    return zlib.crc32(face.individual.encode()) % folds


def chip_matrix(box, jitter=PLAIN, roll=0.0, size=CHIP_SIDE, reach=CHIP_REACH):
    """The 2 × 3 matrix from pixels of the image to those of the chip of `size` pixels around a jittered box.

    The chip shows `reach` sides of the box.
    """
    left, top, right, bottom = box
    dx, dy, scale = jitter
    side = (right - left + bottom - top) / 2
    centre = np.array([(left + right) / 2 + dx * side, (top + bottom) / 2 + (CHIP_DROP + dy) * side])
    zoom = size / (side * reach * scale)
    cos, sin = zoom * np.cos(roll), zoom * np.sin(roll)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.c_[linear, (size - 1) / 2 - linear @ centre]


def cut(image, matrix, size=CHIP_SIDE):
    """The chip as size × size × 3 bytes. Outside of the image its border pixels go on."""
    zoom = np.hypot(matrix[0, 0], matrix[1, 0])
    if zoom < 0.67:  # smooth, or fine patterns alias
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / zoom)
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def normalised(chip, unit=INPUT_UNIT):
    """The chip as the network's input: 3 × side × side."""
    return ((chip.astype(np.float32) - INPUT_MEAN) / unit).transpose(2, 0, 1)


def recolour(chip, rng):
    """Blur, grey, contrast, brightness, tint, noise and a rectangle that hides a part, each by chance."""
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
        side = len(chip)
        w, h = rng.integers(side // 10, side // 3, 2)
        x, y = rng.integers(0, side - w), rng.integers(0, side - h)
        image[y : y + h, x : x + w] = rng.uniform(0, 255, 3)
    return np.clip(image, 0, 255)


def sample_jitter(rng):
    """A random jitter of the box and a random roll."""
    dx, dy = np.clip(rng.normal(0, 0.06, 2), -0.15, 0.15)
    scale = np.exp(np.clip(rng.normal(0, 0.12), -0.3, 0.3))
    roll = np.radians(np.clip(rng.normal(0, 16), -45, 45))
    return (dx, dy, scale), roll


def sample_chip(face, net, rng, warp=0.0, others=()):
    """A training example for a teacher: its input, landmarks in pixels of the chip, visibility.

    The chip is warped smoothly by `warp` pixels. With `others`, every second face of which all landmarks show is
    warped towards the proportions of one of them instead.
    """
    size = net.side
    matrix = chip_matrix(face.box, *sample_jitter(rng), size)
    chip = cut(face.image, matrix, size)
    points = apply(matrix, face.points)
    if others and face.visible.all() and rng.random() < 0.5:
        other = others[rng.integers(len(others))]
        chip, points = warping.warp_towards(chip, points, other.points, rng)
    elif warp:
        chip, points = warping.warp_smoothly(chip, points, warp, rng)
    visible = face.visible & ((points > -2) & (points < size + 1)).all(1)
    if rng.random() < 0.5:
        chip = chip[:, ::-1]
        points = mirrored(points, size)
        visible = visible[MIRROR_16]
    return normalised(recolour(chip, rng), net.unit), points.astype(np.float32), visible
