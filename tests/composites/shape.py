"""Face shapes: the 16 landmarks, their proportions, and how to change one.

Landmarks 0-3 are the left eye (outer, top, inner, bottom), 4-7 the right eye
(inner, top, outer, bottom), 8-11 the nose (left, top, right, bottom), 12 and
14 the mouth corners, 13 the upper lip and 15 the chin.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

MIRROR_16 = [6, 5, 4, 7, 2, 1, 0, 3, 10, 9, 8, 11, 14, 13, 12, 15]
MIRROR_68 = (
    list(range(16, -1, -1)) + list(range(26, 16, -1)) + [27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)

# Which of a person's 68 points (iBUG order) make each of the 16: one, or the mean of two.
FROM_68 = [
    (36,), (37, 38), (39,), (40, 41), (42,), (43, 44), (45,), (46, 47),
    (31,), (30,), (35,), (33,), (48,), (51,), (54,), (8,),
]

RATIOS = [
    "eye_gap", "eye_width", "eye_height", "nose_width", "nose_height",
    "nose_drop", "mouth_width", "lip_drop", "chin_drop",
]


def to_16(points):
    """The 16 landmarks of a face that is marked with 16 or with 68 points."""
    if len(points) == 16:
        return points
    return np.array([points[list(group)].mean(0) for group in FROM_68])


def eye_centres(points):
    marks = to_16(points)
    return marks[0:4].mean(0), marks[4:8].mean(0)


def eye_distance(points):
    left, right = eye_centres(points)
    return float(np.linalg.norm(right - left))


def unit_length(points):
    """The geometric mean of the face's width between the eyes and height from eyes to chin."""
    marks = to_16(points)
    height = marks[15, 1] - marks[0:8, 1].mean()
    return float(np.sqrt(eye_distance(points) * height))


def similarity(source, target):
    """The 2x3 matrix of the best similarity (Umeyama) from source to target."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    s, t = source - mean_s, target - mean_t
    u, sigma, vt = np.linalg.svd(t.T @ s)
    flip = np.diag([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ flip @ vt
    scale = np.trace(np.diag(sigma) @ flip) / (s ** 2).sum()
    linear = scale * rotation
    return np.hstack([linear, (mean_t - linear @ mean_s)[:, None]])


def apply(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


def mirrored(points, width=0.0):
    """The marks of the picture mirrored left to right, in the usual order."""
    order = MIRROR_16 if len(points) == 16 else MIRROR_68
    return (np.array([width, 0.0]) + points * [-1.0, 1.0])[order]


def mean_shape(shapes):
    """Symmetric Procrustes mean, upright, centred, with centroid size 1."""
    mean = shapes[0]
    for _ in range(5):
        both = [apply(similarity(s, mean), s) for s in shapes]
        both += [apply(similarity(mirrored(s), mean), mirrored(s)) for s in shapes]
        mean = upright(np.mean(both, 0))
    return (mean + mirrored(mean)) / 2


def upright(points):
    """Centred, eye line level, centroid size 1."""
    points = points - points.mean(0)
    left, right = eye_centres(points)
    dx, dy = (right - left) / np.linalg.norm(right - left)
    points = points @ np.array([[dx, dy], [-dy, dx]]).T
    return points / np.sqrt((points ** 2).sum(1).mean())


def log_ratios(points):
    """Logarithms of the proportions named in RATIOS, over the unit length."""
    p = upright(to_16(points))
    p = p / unit_length(p)
    length = lambda a, b: np.linalg.norm(p[a] - p[b])
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


def groups(count):
    """Indices of (left eye, right eye, nose, mouth, jaw) for 16 or 68 points."""
    if count == 16:
        return [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14], [15]
    return (
        [36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47], list(range(27, 36)),
        list(range(48, 68)), list(range(0, 17)),
    )


def stretch(points, ratio, factor):
    """Change one proportion by moving whole features, so that they keep their form."""
    p = points.copy()
    left, right, nose, mouth, jaw = groups(len(p))
    brows = [(left, range(17, 22)), (right, range(22, 27))] if len(p) == 68 else []
    middle = p[:, 0].mean()
    if ratio == "eye_gap":
        inner = to_16(p)
        shift = (factor - 1) * (inner[4, 0] - inner[2, 0]) / 2
        for eye, side in ((left, -1), (right, 1)):
            p[eye, 0] += side * shift
        for (_, brow), side in zip(brows, (-1, 1)):
            p[list(brow), 0] += side * shift * 0.8
    elif ratio in ("eye_width", "eye_height"):
        axis = 0 if ratio == "eye_width" else 1
        for eye in (left, right):
            centre = p[eye, axis].mean()
            p[eye, axis] = centre + (p[eye, axis] - centre) * factor
    elif ratio == "nose_width":
        p[nose, 0] = middle + (p[nose, 0] - middle) * factor
    elif ratio == "nose_height":
        tip = [9, 10, 11, 8] if len(p) == 16 else list(range(30, 36))
        centre = p[tip, 1].mean()
        p[tip, 1] = centre + (p[tip, 1] - centre) * factor
    elif ratio == "mouth_width":
        p[mouth, 0] = middle + (p[mouth, 0] - middle) * factor
    else:
        p = stretch_down(p, ratio, factor)
    return p


def stretch_down(points, ratio, factor):
    """Lengthen the face below the eyes (nose_drop), the nose (lip_drop) or the lip (chin_drop).

    Heights go through one monotone curve, so nothing folds and, for 68
    points, nose bridge and jaw line follow.
    """
    p, marks = points.copy(), to_16(points)
    eyes, nose = marks[0:8, 1].mean(), marks[8:12, 1].mean()
    lip, chin = marks[13, 1], marks[15, 1]
    shift = {
        "nose_drop": (factor - 1) * (nose - eyes),
        "lip_drop": (factor - 1) * (lip - marks[11, 1]),
        "chin_drop": (factor - 1) * (chin - marks[11, 1]),
    }[ratio]
    start = {"nose_drop": marks[9, 1], "lip_drop": lip, "chin_drop": chin}[ratio]
    hinge = {"nose_drop": marks[[3, 7], 1].max(), "lip_drop": marks[11, 1], "chin_drop": lip}[ratio]
    hinge = min(hinge, start - 1e-3)
    span = np.ptp(p[:, 1]) + 1.0
    knots = [hinge - span, hinge, start, start + span]
    curve = PchipInterpolator(knots, [0.0, 0.0, shift, shift])
    p[:, 1] += curve(np.clip(p[:, 1], knots[0], knots[-1]))
    return p


def with_ratio(points, ratio, value):
    """The shape stretched until the logarithm of the ratio is `value`."""
    index = RATIOS.index(ratio)
    miss = lambda t: log_ratios(stretch(points, ratio, np.exp(t)))[index] - value
    low, high = -1.0, 1.0
    if miss(low) > 0 or miss(high) < 0:
        reach = f"{value + miss(low):.2f} to {value + miss(high):.2f}"
        raise ValueError(f"{ratio} cannot reach {value:.2f}, only {reach}")
    return upright(stretch(points, ratio, np.exp(brentq(miss, low, high, xtol=1e-6))))
