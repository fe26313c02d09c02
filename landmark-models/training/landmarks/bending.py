"""Chips with other proportions, so that one individual stands for many.

What is learnt is then where a point lies rather than whose face it is.
"""
import cv2
import numpy as np

BENDS = 5  # nodes of a smooth field on each side of the chip
RIM = 0.25  # sides of the chip around it at which nothing moves any more
WAY = (-0.3, 0.6)  # shares of the way to another face's proportions
COARSE = 4  # pixels between the points at which a spline is computed


def smoothly(chip, points, amount, rng):
    """Stretched, and moved by a smooth random field of `amount` px: the chip, and its points."""
    side = len(chip)
    x, y = grid(side)
    field = cv2.resize(rng.normal(0, amount, (BENDS, BENDS, 2)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    stretch = rng.normal(0, 2 * amount / side)
    field[..., 0] += stretch * (x - side / 2)
    field[..., 1] -= stretch * (y - side / 2)
    moved = points.copy()
    for _ in range(6):  # the point that is drawn from `points`: a fixed point, as the field is smooth
        moved = points - sampled(field, moved)
    return drawn_from(chip, x + field[..., 0], y + field[..., 1]), moved


def towards(chip, points, other, rng):
    """With proportions on the way to those of another face: a thin-plate spline through the landmarks (Bookstein 1989)."""
    wanted = points + rng.uniform(*WAY) * (laid_on(other, points) - points)
    interocular = np.linalg.norm(points[0:4].mean(0) - points[4:8].mean(0))
    wanted = wanted + rng.normal(0, 0.01 * interocular, points.shape)
    sources = spline(wanted, points, len(chip))
    return drawn_from(chip, sources[..., 0], sources[..., 1]), wanted


def grid(side):
    return np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))


def drawn_from(chip, x, y):
    return cv2.remap(chip, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def sampled(field, points):
    """The values of a side × side × 2 field at points between its pixels."""
    at = np.clip(points, 0, len(field) - 1).astype(np.float32)
    return cv2.remap(field, at[:, :1], at[:, 1:], cv2.INTER_LINEAR)[:, 0]


def laid_on(other, points):
    """The other's points moved, turned and scaled onto `points` (Procrustes)."""
    a, b = other - other.mean(0), points - points.mean(0)
    u, scale, v = np.linalg.svd(a.T @ b)
    turn = u @ np.diag([1, np.sign(np.linalg.det(u @ v))]) @ v
    return a @ turn * (scale.sum() / (a**2).sum()) + points.mean(0)


def spline(to, source, side):
    """From where each pixel of a chip is drawn when what lay at `source` is to lie at `to`: side × side × 2."""
    low, high = -RIM * side, (1 + RIM) * side
    rim = np.array([[x, y] for x in (low, side / 2, high) for y in (low, side / 2, high) if (x, y) != (side / 2,) * 2])
    nodes, values = np.concatenate([to, rim]), np.concatenate([source, rim])
    n = len(nodes)
    plane = np.c_[np.ones(n), nodes]
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = kernel(((nodes[:, None] - nodes) ** 2).sum(2))
    system[:n, n:], system[n:, :n] = plane, plane.T
    weights = np.linalg.solve(system, np.r_[values, np.zeros((3, 2))])
    at = np.stack(grid(side // COARSE), -1).reshape(-1, 2).astype(np.float64)
    at = (at + 0.5) * COARSE - 0.5
    bends = kernel((at**2).sum(1)[:, None] + (nodes**2).sum(1) - 2 * at @ nodes.T)
    found = bends @ weights[:n] + np.c_[np.ones(len(at)), at] @ weights[n:] - at
    found = found.reshape(side // COARSE, side // COARSE, 2).astype(np.float32)
    return cv2.resize(found, (side, side), interpolation=cv2.INTER_CUBIC) + np.stack(grid(side), -1)


def kernel(square):
    """r² log r² (its factor goes into the weights)."""
    return square * np.log(np.maximum(square, 1e-9))
