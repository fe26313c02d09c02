"""How well the proportions of held-out persons repeat between recordings.

repeatability.py DATA FOUND.jsonl [MODEL.pt …]     ICC(1,1), Shrout & Fleiss 1979

The first row are the landmarks in FOUND, lines of `mungpy extract --species person --json`; then one row for each
network. The same frames for all: the first of each recording.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch

import faces as face_set
import net as network
import persons as person_set
from looks import predict, steadily

# As src/extract/landmarking/network.rs: of a face in an aligned chip, in sides of the chip.
CENTROID_SIZE, CENTROID_RISE = 0.853, 0.134
LEFT, MIDDLE = [0, 1, 2, 3, 8, 12], [9, 11, 13, 15]
RIGHT = face_set.MIRRORED[LEFT]


def ratios(shape):
    """The ten log ratios of src/face/ratios.rs from a symmetric shape (complex)."""
    far = lambda a, b: max(abs(a - b), 1e-9)
    eyes, nose, p = shape[0:8].mean(), shape[8:12].mean(), shape
    lengths = [far(p[0], p[2]), far(p[1], p[3]), far(p[2], p[4]), far(p[8], p[10]), far(p[9], p[11]), far(p[12], p[14]),
               far(eyes, nose), far(p[11], p[13]), far(eyes, p[12:15].mean()), far(p[13], p[15])]
    unit = (far(p[0:4].mean(), p[4:8].mean()) * lengths[6] * lengths[8] * lengths[3]) ** 0.25
    return np.log(np.maximum(np.array(lengths) / unit, 0.02))


def features(shape):
    """The free coordinates of a symmetric shape, as src/face/shape.rs."""
    return np.concatenate([(shape[RIGHT] - shape[LEFT]).real / 2, (shape[RIGHT] + shape[LEFT]).imag / 2, shape[MIDDLE].imag])


def icc(groups):
    """ICC(1,1) of each column over groups of repeated rows."""
    groups = [np.array(g) for g in groups if len(g) > 1]
    n, k = sum(map(len, groups)), len(groups)
    grand = np.concatenate(groups).mean(0)
    between = sum(len(g) * (g.mean(0) - grand) ** 2 for g in groups) / (k - 1)
    within = sum(((g - g.mean(0)) ** 2).sum(0) for g in groups) / (n - k)
    size = (n - sum(len(g) ** 2 for g in groups) / n) / (k - 1)
    return (between - within) / (between + (size - 1) * within)


def report(name, faces, points_of):
    groups = {}
    for face in faces:
        groups.setdefault(face.person, []).append(face_set.symmetric(points_of(face))[0])
    for what, measure in (("ratios", ratios), ("features", features)):
        found = icc([[measure(shape) for shape in shapes] for shapes in groups.values()])
        print(f"{name}: {what} mean ICC {found.mean():.3f}  {np.round(found, 2)}", flush=True)


def aligned(net, face):
    """As the product looks: once at the box, then at the chip in which the landmarks lie as in the mean face."""
    matrix = face_set.transform(face)
    chip = face_set.normalised(face_set.cut(face, matrix))
    with torch.no_grad():
        first = network.soft_argmax(net(torch.from_numpy(chip[None])))[0][0].numpy().astype(np.float64)
    first = (first - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    _, _, roll = face_set.symmetric(first)
    zoom = face_set.SIDE * CENTROID_SIZE / np.linalg.norm(first - first.mean(0))
    turn = zoom * np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    middle = (face_set.SIDE - 1) / 2
    shift = np.array([middle, middle - CENTROID_RISE * face_set.SIDE]) - turn @ first.mean(0)
    return predict(net, face, matrix=np.c_[turn, shift])


def main():
    torch.set_num_threads(1)
    data, found, *models = sys.argv[1:]
    faces = [face for face in person_set.boxed(data, found) if person_set.is_held_out(face.person)]
    first = {}
    for face in faces:
        first.setdefault((face.person, face.recording), face)
    faces = list(first.values())
    seen = {"/".join(row["photo"].split("/")[-2:]): row for row in map(json.loads, Path(found).read_text().splitlines())}
    print(f"{len({face.person for face in faces})} persons, {len(faces)} recordings")
    report("FOUND", faces, lambda face: np.array(seen[face.name]["landmarks"]))
    for path in models:
        net = network.load(path)
        report(f"{path}, five boxes", faces, lambda face: steadily(net, face))
        report(f"{path}, one box", faces, lambda face: predict(net, face))
        report(f"{path}, aligned", faces, lambda face: aligned(net, face))


if __name__ == "__main__":
    main()
