"""Chooses the faces of a composite: alike in proportions and in coat or skin."""

import cv2
import numpy as np

from mungpy_training.composites.blend import load, resample, spline_map
from mungpy_training.composites.proportions import RATIOS, log_ratios, unit_length, upright
from mungpy_training.shapes import interocular_distance

SIZE = 96  # side of the pictures in which appearance is compared; pixels


def place(shape, size, share, drop):
    """The shape in pixels, upright: its unit length is `share` of the picture's side.

    `drop` moves the middle of the face below the middle of the picture.
    """
    shape = upright(shape)
    points = shape * (share * size / unit_length(shape))
    middle = (points.min(0) + points.max(0)) / 2
    return points - middle + [size / 2 - 0.5, size * (0.5 + drop)]


def appearance(face, mean):
    """A small symmetric picture of the face on the mean shape: its colours, and its edges.

    Edges count double: faces whose edges agree give a sharp average.
    """
    target = place(mean, SIZE, 0.28, 0.06)
    shrink = interocular_distance(target) / interocular_distance(face.points)
    picture = cv2.GaussianBlur(load(face), (0, 0), max(0.5 / shrink, 0.5))
    small, _ = resample(picture, spline_map(SIZE, target, face.points))
    lab = cv2.cvtColor(np.clip(small, 0, 255) / 255, cv2.COLOR_BGR2LAB)
    lab = (lab + lab[:, ::-1]) / 2
    soft = cv2.GaussianBlur(lab, (0, 0), 5)
    edges = cv2.GaussianBlur(lab, (0, 0), 1)[..., :1] - soft[..., :1]
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    r = np.hypot((x - SIZE / 2) / 0.36, (y - SIZE / 2) / 0.42) / SIZE
    found = np.concatenate([soft, 2 * edges], 2) * np.clip(1.4 - r, 0.0, 1.0)[..., None]
    return found.ravel()


class Pool:
    """All faces of one species, and what is needed to compare them."""

    def __init__(self, faces, mean, median, sigma):
        self.faces = faces
        self.mean, self.median, self.sigma = mean, median, sigma
        self.deviations = np.array([(log_ratios(f.points) - median) / sigma for f in faces])
        appearances = np.array([appearance(f, mean) for f in faces])
        self.distance = np.sqrt(pairwise(appearances))
        self.used = np.zeros(len(faces))

    def choose(self, wanted, count, shortlist):
        """The tightest group of `count` faces among the `shortlist` nearest in proportions.

        `wanted` maps ratios to deviations. The other ratios should be average, but weigh little. Faces that serve in
        earlier composites stand back.
        """
        goal = np.array([wanted.get(r, 0.0) for r in RATIOS])
        weight = np.array([1.0 if r in wanted else 0.12 for r in RATIOS])
        gap = np.clip(np.abs(self.deviations - goal), 0, 4) ** 2
        # More than wanted is as good as wanted: the warp brings it back.
        beyond = (self.deviations - goal) * np.sign(goal) > 0
        misfit = np.sqrt((np.where(beyond, gap * 0.3, gap) * weight).sum(1))
        near = np.argsort(misfit, kind="stable")[:shortlist]
        scale = np.median(self.distance)
        best = None
        for seed in near:
            cost = self.distance[seed, near] / scale + 0.15 * misfit[near] + 0.08 * self.used[near]
            group = near[np.argsort(cost, kind="stable")[:count]]
            inner = self.distance[np.ix_(group, group)].mean() / scale
            total = inner + 0.15 * misfit[group].mean() + 0.08 * self.used[group].mean()
            if best is None or total < best[0]:
                best = (total, group)
        self.used[best[1]] += 1
        return [self.faces[i] for i in best[1]]


def pairwise(appearances):
    """The mean squared difference of each pair of appearances."""
    norms = (appearances**2).sum(1)
    return np.maximum(norms[:, None] + norms[None] - 2 * appearances @ appearances.T, 0) / appearances.shape[1]
