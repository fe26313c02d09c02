"""The proportions of a face that the composites are made by."""

import numpy as np

from mungpy_training.shapes import apply, eye_centres, interocular_distance, mirrored, similarity, to_16

RATIOS = [
    "eye_gap",
    "eye_width",
    "eye_height",
    "nose_width",
    "nose_height",
    "nose_drop",
    "mouth_width",
    "lip_drop",
    "chin_drop",
]


def unit_length(points):
    """The geometric mean of the face's width between the eyes and height from eyes to chin."""
    marks = to_16(points)
    height = marks[15, 1] - marks[0:8, 1].mean()
    return float(np.sqrt(interocular_distance(points) * height))


def mean_shape(shapes):
    """The symmetric Procrustes mean, upright and scaled."""
    mean = shapes[0]
    for _ in range(5):
        both = [apply(similarity(s, mean), s) for s in shapes]
        both += [apply(similarity(mirrored(s), mean), mirrored(s)) for s in shapes]
        mean = upright(np.mean(both, 0))
    return (mean + mirrored(mean)) / 2


def upright(points):
    """The face centred, with level eyes, and its landmarks at a root mean square distance of 1 from the centroid."""
    points = points - points.mean(0)
    left, right = eye_centres(points)
    dx, dy = (right - left) / np.linalg.norm(right - left)
    points = points @ np.array([[dx, dy], [-dy, dx]]).T
    return points / np.sqrt((points**2).sum(1).mean())


def log_ratios(points):
    """The logarithms of the lengths named in RATIOS over the unit length."""
    p = upright(to_16(points))
    p = p / unit_length(p)

    def length(a, b):
        return np.linalg.norm(p[a] - p[b])

    sizes = [
        length(2, 4),
        (length(0, 2) + length(4, 6)) / 2,
        (length(1, 3) + length(5, 7)) / 2,
        length(8, 10),
        length(9, 11),
        p[8:12, 1].mean() - p[0:8, 1].mean(),
        length(12, 14),
        max(p[13, 1] - p[11, 1], 0.02),
        max(p[15, 1] - p[11, 1], 0.05),
    ]
    return np.log(np.maximum(sizes, 1e-3))
