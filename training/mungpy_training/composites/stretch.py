"""Changes one proportion of a face and leaves the others as they are."""

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from mungpy_training.composites.proportions import RATIOS, log_ratios, upright
from mungpy_training.shapes import to_16


def groups(count):
    """Indices of (left eye, right eye, nose, mouth, jaw) for 16 or 68 points."""
    if count == 16:
        return [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14], [15]
    return (
        [36, 37, 38, 39, 40, 41],
        [42, 43, 44, 45, 46, 47],
        list(range(27, 36)),
        list(range(48, 68)),
        list(range(0, 17)),
    )


def stretch(points, ratio, factor):
    """Changes one proportion. Whole features move, so that they keep their form."""
    p = points.copy()
    left, right, nose, mouth, _ = groups(len(p))
    brows = [(range(17, 22), -1), (range(22, 27), 1)] if len(p) == 68 else []
    middle = p[:, 0].mean()
    if ratio == "eye_gap":
        inner = to_16(p)
        shift = (factor - 1) * (inner[4, 0] - inner[2, 0]) / 2
        for eye, side in ((left, -1), (right, 1)):
            p[eye, 0] += side * shift
        for brow, side in brows:
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
    """Lengthens the face below the eyes (nose_drop), the nose (lip_drop) or the lip (chin_drop).

    All heights follow one monotone curve, so nothing folds. Of 68 landmarks nose bridge and jaw line follow too.
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

    def miss(t):
        return log_ratios(stretch(points, ratio, np.exp(t)))[index] - value

    low, high = -1.0, 1.0
    if miss(low) > 0 or miss(high) < 0:
        reach = f"{value + miss(low):.2f} to {value + miss(high):.2f}"
        raise ValueError(f"{ratio} cannot reach {value:.2f}, only {reach}")
    return upright(stretch(points, ratio, np.exp(brentq(miss, low, high, xtol=1e-6))))
