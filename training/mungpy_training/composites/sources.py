"""Reads the source faces from the data folder. None of them is ever written out."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from mungpy_training.composites.proportions import log_ratios
from mungpy_training.files import read_lines
from mungpy_training.shapes import eye_centres, interocular_distance, mirrored, to_16

# A second photo of a dog that another photo already shows.
SAME_DOG = {"e9516fd1d7be.jpg"}


@dataclass(frozen=True)
class Face:
    """A photo with its 16 or 68 marks."""

    path: Path
    points: np.ndarray
    flipped: bool = False

    def flip(self):
        """The mirror image."""
        width = cv2.imread(str(self.path)).shape[1]
        return replace(self, points=mirrored(self.points, width), flipped=not self.flipped)


def shows_well(path, points):
    """Whether the picture has colour and the face is bright: the eyes of a dark one vanish in an average."""
    picture = cv2.imread(str(path))
    left, top = points.min(0).astype(int)
    right, bottom = points.max(0).astype(int) + 1
    face = picture[max(top, 0) : bottom, max(left, 0) : right].astype(np.float32) / 255
    lightness = cv2.cvtColor(face, cv2.COLOR_BGR2LAB)[..., 0].mean()
    return cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[..., 1].mean() > 12 and lightness > 40


def dogs(data):
    """Dogs that look at the camera and are large, with eyes and nose in plain sight."""
    faces = []
    for mark in read_lines(data / "dog-faces" / "landmarks.jsonl"):
        points = np.array(mark["landmarks"])
        path = data / "dog-faces" / "images" / mark["image"]
        hidden = set(mark["hidden"]) & set(range(12))
        if mark["image"] in SAME_DOG or mark["yaw"] == "strong" or hidden:
            continue
        if interocular_distance(points) < 45:
            continue
        if turn(points) < (0.16 if mark["yaw"] == "front" else 0.10) and shows_well(path, points):
            faces.append(Face(path, points))
    return faces


def persons(data, marks):
    """The most frontal frame of each person, with marks from the 68-point predictor."""
    best = {}
    for line in marks.read_text(encoding="utf-8").splitlines():
        name, _, *found = line.split("\t")
        if len(found) != 1:
            continue
        confidence, *numbers = map(float, found[0].split())
        points = np.array(numbers).reshape(68, 2)
        person = Path(name).parent.name
        merit = -turn(points) + 0.05 * min(confidence, 2.0) + 0.004 * min(interocular_distance(points), 60)
        if turn(points) < 0.12 and confidence > 0.8 and merit > best.get(person, (-9,))[0]:
            best[person] = (merit, Face(data / "people" / person / Path(name).name, points))
    return [face for _, face in (best[p] for p in sorted(best))]


def turn(points):
    """How far the nose is from the middle of the eyes, in interocular distances: 0 is frontal."""
    marks = to_16(points)
    left, right = eye_centres(points)
    axis = (right - left) / np.linalg.norm(right - left)
    along = (marks[8:12].mean(0) - (left + right) / 2) @ axis
    return abs(along) / np.linalg.norm(right - left)


def statistics(faces):
    """Median and robust standard deviation of the log ratios, because marks have outliers."""
    ratios = np.array([log_ratios(f.points) for f in faces])
    median = np.median(ratios, 0)
    return median, 1.4826 * np.median(np.abs(ratios - median), 0)
