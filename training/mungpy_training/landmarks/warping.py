"""Warps faces to other proportions, so that one individual stands for many.

The network then learns where a landmark lies rather than whose face it is.
"""

import cv2
import numpy as np

from mungpy_training.shapes import apply, interocular_distance, similarity

WARP_MARGIN = 0.25  # distance from a chip to a frame around it that a spline keeps in place; sides of the chip
NODES = 5  # nodes of a smooth random field on each side of the chip
SHARES = (-0.3, 0.6)  # lowest and highest share of the way to another face's proportions
NOISE = 0.01  # standard deviation of each landmark on that way, in interocular distances
STEP = 4  # a spline is evaluated at every STEP-th pixel and interpolated between
ITERATIONS = 6  # of the fixed point that inverts a smooth field


def warp_smoothly(chip, points, amount, rng):
    """Stretches the chip and moves it by a smooth random field of `amount` pixels. Returns it and its points."""
    side = len(chip)
    x, y = np.moveaxis(grid(side), -1, 0)
    nodes = rng.normal(0, amount, (NODES, NODES, 2)).astype(np.float32)
    field = cv2.resize(nodes, (side, side), interpolation=cv2.INTER_CUBIC)
    stretch = rng.normal(0, 2 * amount / side)
    field[..., 0] += stretch * (x - side / 2)
    field[..., 1] -= stretch * (y - side / 2)
    return resampled(chip, grid(side) + field), points_moved_by(field, points)


def points_moved_by(field, points):
    """Where points go when the pixel at p is resampled from p + field(p).

    A fixed-point iteration finds them, because the field is smooth.
    """
    moved = points.copy()
    for _ in range(ITERATIONS):
        moved = points - interpolated(field, moved)
    return moved


def warp_towards(chip, points, other, rng):
    """Warps the chip some of the way to the proportions of another face. Returns it and its points.

    The warp is a thin-plate spline through the landmarks (Bookstein 1989).
    """
    target = points + rng.uniform(*SHARES) * (apply(similarity(other, points), other) - points)
    target = target + rng.normal(0, NOISE * interocular_distance(points), points.shape)
    return resampled(chip, thin_plate_spline(target, points, len(chip))), target


def grid(side):
    """The coordinates x, y of each pixel: side × side × 2."""
    line = np.arange(side, dtype=np.float32)
    return np.stack(np.meshgrid(line, line), -1)


def resampled(chip, sources):
    """The picture whose pixels come from `sources` (side × side × 2) in the chip."""
    x, y = sources[..., 0].astype(np.float32), sources[..., 1].astype(np.float32)
    return cv2.remap(chip, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def interpolated(field, points):
    """The values of a side × side × 2 field at points between its pixels."""
    at = np.clip(points, 0, len(field) - 1).astype(np.float32)
    return cv2.remap(field, at[:, :1], at[:, 1:], cv2.INTER_LINEAR)[:, 0]


def thin_plate_spline(target, source, side):
    """The source of each pixel of a chip (side × side × 2) if what lies at `source` is to go to `target`."""
    low, high = -WARP_MARGIN * side, (1 + WARP_MARGIN) * side
    lines = (low, side / 2, high)
    frame = np.array([(x, y) for x in lines for y in lines if (x, y) != (side / 2, side / 2)])
    nodes, values = np.concatenate([target, frame]), np.concatenate([source, frame])
    n = len(nodes)
    plane = np.c_[np.ones(n), nodes]
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = kernel(((nodes[:, None] - nodes) ** 2).sum(2))
    system[:n, n:], system[n:, :n] = plane, plane.T
    weights = np.linalg.solve(system, np.r_[values, np.zeros((3, 2))])
    at = grid(side // STEP).reshape(-1, 2).astype(np.float64)
    at = (at + 0.5) * STEP - 0.5
    radial = kernel((at**2).sum(1)[:, None] + (nodes**2).sum(1) - 2 * at @ nodes.T)
    shift = radial @ weights[:n] + np.c_[np.ones(len(at)), at] @ weights[n:] - at
    shift = shift.reshape(side // STEP, side // STEP, 2).astype(np.float32)
    return cv2.resize(shift, (side, side), interpolation=cv2.INTER_CUBIC) + grid(side)


def kernel(square):
    """r² log r² of the squared distance r². The weights take its factor."""
    return square * np.log(np.maximum(square, 1e-9))
