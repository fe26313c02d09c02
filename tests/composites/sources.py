"""The source faces, read from the data folder; none of them is ever written out."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from shape import eye_distance, log_ratios, mirrored, to_16


# A second photo of a dog that another photo shows already.
SAME_DOG = {"e9516fd1d7be.jpg"}


@dataclass(frozen=True)
class Face:
    path: Path
    points: np.ndarray
    flipped: bool = False

    def flip(self):
        width = cv2.imread(str(self.path)).shape[1]
        return replace(self, points=mirrored(self.points, width - 1.0), flipped=not self.flipped)


def read_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def shows_well(path, points):
    """Neither a grey picture nor so dark a face that its eyes vanish in an average."""
    picture = cv2.imread(str(path))
    left, top = points.min(0).astype(int)
    right, bottom = points.max(0).astype(int) + 1
    face = picture[max(top, 0):bottom, max(left, 0):right].astype(np.float32) / 255
    lightness = cv2.cvtColor(face, cv2.COLOR_BGR2LAB)[..., 0].mean()
    return cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[..., 1].mean() > 12 and lightness > 40


def dogs(data):
    """Dogs that look at the camera, big enough, with eyes and nose in plain sight."""
    faces = []
    for mark in read_lines(data / "dog-faces" / "landmarks.jsonl"):
        points = np.array(mark["landmarks"])
        path = data / "dog-faces" / "images" / mark["image"]
        hidden = set(mark["hidden"]) & set(range(12))
        if mark["image"] in SAME_DOG or mark["yaw"] == "strong" or hidden:
            continue
        if eye_distance(points) < 45:
            continue
        if turn(points) < (0.16 if mark["yaw"] == "front" else 0.10) and shows_well(path, points):
            faces.append(Face(path, points))
    return faces


def persons(data, marks):
    """For each person the most frontal frame, with marks from the 68-point predictor."""
    best = {}
    for line in open(marks, encoding="utf-8"):
        name, _, *found = line.rstrip("\n").split("\t")
        if len(found) != 1:
            continue
        confidence, *numbers = map(float, found[0].split())
        points = np.array(numbers).reshape(68, 2)
        person = Path(name).parent.name
        merit = -turn(points) + 0.05 * min(confidence, 2.0) + 0.004 * min(eye_distance(points), 60)
        if turn(points) < 0.12 and confidence > 0.8 and merit > best.get(person, (-9,))[0]:
            best[person] = (merit, Face(data / "people" / person / Path(name).name, points))
    return [face for _, face in (best[p] for p in sorted(best))]


def turn(points):
    """How far the nose is from the middle of the eyes, in eye distances: 0 is frontal."""
    marks = to_16(points)
    left, right = marks[0:4].mean(0), marks[4:8].mean(0)
    axis = (right - left) / np.linalg.norm(right - left)
    along = (marks[8:12].mean(0) - (left + right) / 2) @ axis
    return abs(along) / np.linalg.norm(right - left)


def statistics(faces):
    """Mean and spread of the log ratios; a robust spread, for marks have outliers."""
    ratios = np.array([log_ratios(f.points) for f in faces])
    middle = np.median(ratios, 0)
    return middle, 1.4826 * np.median(np.abs(ratios - middle), 0)
