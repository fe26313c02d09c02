"""Reports how well the proportions of held-out persons repeat between recordings: ICC(1,1), Shrout & Fleiss 1979.

The first rows are of the landmarks that `mungpy extract` found, the others of each network. All see the same frames:
the first of each recording.
"""

import argparse

import numpy as np
import torch

from mungpy_training.files import read_lines
from mungpy_training.landmarks import persons as person_set
from mungpy_training.landmarks import student
from mungpy_training.landmarks.prediction import predict, predict_aligned, predict_jittered
from mungpy_training.shapes import features, symmetric_shape

BOXES = 5  # jittered boxes in the rows "five boxes"


def distance(a, b):
    """The distance of two points, as complex numbers; never 0."""
    return max(abs(a - b), 1e-9)


def ratios(shape):
    """The ten log ratios of src/face/ratios.rs from a symmetric shape."""
    p = shape
    eyes, nose = p[0:8].mean(), p[8:12].mean()
    lengths = [
        distance(p[0], p[2]),
        distance(p[1], p[3]),
        distance(p[2], p[4]),
        distance(p[8], p[10]),
        distance(p[9], p[11]),
        distance(p[12], p[14]),
        distance(eyes, nose),
        distance(p[11], p[13]),
        distance(eyes, p[12:15].mean()),
        distance(p[13], p[15]),
    ]
    interocular = distance(p[0:4].mean(), p[4:8].mean())
    unit = (interocular * lengths[6] * lengths[8] * lengths[3]) ** 0.25
    return np.log(np.maximum(np.array(lengths) / unit, 0.02))


def icc(groups):
    """ICC(1,1) of each column over groups of repeated rows."""
    groups = [np.array(g) for g in groups if len(g) > 1]
    n, k = sum(map(len, groups)), len(groups)
    grand = np.concatenate(groups).mean(0)
    between = sum(len(g) * (g.mean(0) - grand) ** 2 for g in groups) / (k - 1)
    within = sum(((g - g.mean(0)) ** 2).sum(0) for g in groups) / (n - k)
    size = (n - sum(len(g) ** 2 for g in groups) / n) / (k - 1)
    return (between - within) / (between + (size - 1) * within)


def report(name, faces, points_of_faces):
    """Prints the ICC of ratios and features."""
    shapes = {}
    for face, points in zip(faces, points_of_faces, strict=True):
        shapes.setdefault(face.individual, []).append(symmetric_shape(points)[0])
    for what, measure in (("ratios", ratios), ("features", features)):
        found = icc([[measure(shape) for shape in group] for group in shapes.values()])
        print(f"{name}: {what} mean ICC {found.mean():.3f}  {np.round(found, 2)}", flush=True)


def main():
    """Measures all networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder people")
    parser.add_argument("found", metavar="FOUND.jsonl", help="what `mungpy extract --species person --json` printed")
    parser.add_argument("models", nargs="*", metavar="MODEL.pt")
    args = parser.parse_args()
    torch.set_num_threads(1)
    first = {}
    for face in person_set.boxed(args.data, args.found):
        if person_set.is_held_out(face.individual):
            first.setdefault((face.individual, face.recording), face)
    faces = list(first.values())
    print(f"{len({face.individual for face in faces})} persons, {len(faces)} recordings")
    rows = {person_set.name_of(row): row for row in read_lines(args.found)}
    report("FOUND", faces, [np.array(rows[face.name]["landmarks"]) for face in faces])
    for path in args.models:
        net = student.load(path)
        report(f"{path}, five boxes", faces, [predict_jittered(net, face, BOXES).mean(0) for face in faces])
        report(f"{path}, one box", faces, [predict(net, face) for face in faces])
        report(f"{path}, aligned", faces, [predict_aligned(net, face) for face in faces])


if __name__ == "__main__":
    main()
