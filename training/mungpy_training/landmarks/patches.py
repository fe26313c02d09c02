"""Faces with the landmarks that a teacher found, cut out generously, and the varied chips that the student learns from.

A patch is the surroundings of one face at one size. The chips of all jitters, rolls and warps are cut from it, so that
a large photo costs no more than a small one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mungpy_training.files import read_lines, read_rgb
from mungpy_training.landmarking import CHIP_DROP, CHIP_SIDE, LANDMARKS
from mungpy_training.landmarks import faces as face_set
from mungpy_training.landmarks import warping
from mungpy_training.shapes import MIRROR_16, apply, mirrored

SIDE = 288  # of a patch; pixels
REACH = 2.05  # what a patch shows; sides of the box
# Shares of the chips that are warped towards the proportions of another face, and smoothly.
TOWARDS_OTHER, SMOOTHLY = 0.45, 0.35
SMOOTH = 2.8  # how far a smooth warp moves things; pixels of the chip


@dataclass
class Patch:
    """The surroundings of one box. Without landmarks it shows no face."""

    image: np.ndarray  # SIDE × SIDE × 3, RGB
    box: list  # left, top, right, bottom in pixels of the patch
    points: np.ndarray | None  # 16 × 2, pixels of the patch
    visible: np.ndarray  # whether each landmark shows
    name: str  # of the photo
    is_judged: bool = True  # whether its face score is trained


def patch_of(image, box, points, visible, name):
    """Cuts the patch around a box of an image."""
    left, top, right, bottom = box
    side = (right - left + bottom - top) / 2
    centre = np.array([(left + right) / 2, (top + bottom) / 2 + CHIP_DROP * side])
    zoom = SIDE / (REACH * side)
    matrix = np.c_[zoom * np.eye(2), (SIDE - 1) / 2 - zoom * centre]
    if zoom < 0.67:  # smooth, or fine patterns alias
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / zoom)
    cut = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    corners = apply(matrix, np.array([[left, top], [right, bottom]], np.float64))
    moved = None if points is None else apply(matrix, np.asarray(points, np.float64))
    return Patch(cut, corners.ravel().tolist(), moved, np.asarray(visible, bool), name)


def of_face(face):
    """The patch of a marked face."""
    return patch_of(face.image, face.box, face.points, face.visible, face.name)


def taught(found, accept=lambda photo: True):
    """The patches of the faces that `mungpy extract --json` found upright in photos that `accept` takes."""
    for row in read_lines(found):
        if "face" not in row or row["turned"] or not accept(row["photo"]):
            continue
        box = [row["face"][side] for side in ("left", "top", "right", "bottom")]
        yield patch_of(read_rgb(row["photo"]), box, row["landmarks"], [True] * LANDMARKS, row["photo"])


def empty(image, box, name):
    """The patch of a box that shows no face of the species."""
    return patch_of(image, box, None, [False] * LANDMARKS, name)


def spoil(chip, rng):
    """Coarse pixels and JPEG, each by chance, as small heads and messengers make them."""
    if rng.random() < 0.25:
        size = int(rng.uniform(0.3, 0.8) * CHIP_SIDE)
        coarse = cv2.resize(chip, (size, size), interpolation=cv2.INTER_AREA)
        chip = cv2.resize(coarse, (CHIP_SIDE, CHIP_SIDE), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.25:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(15, 85))]
        chip = cv2.imdecode(cv2.imencode(".jpg", chip, quality)[1], cv2.IMREAD_COLOR)
    return chip


def sample(patch, others, rng, reach, warped=1.0):
    """A training example: the network's input, landmarks in pixels of the chip, visibility.

    The chip shows `reach` sides of the box. `warped` scales the shares of warped chips.
    """
    matrix = face_set.chip_matrix(patch.box, *face_set.sample_jitter(rng), reach=reach)
    chip = cv2.warpAffine(
        patch.image, matrix, (CHIP_SIDE, CHIP_SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if patch.points is None:
        points = np.zeros((LANDMARKS, 2))
    else:
        points = apply(matrix, patch.points)
        chip, points = warp(chip, points, patch.visible, others, rng, warped)
    visible = patch.visible & ((points > -2) & (points < CHIP_SIDE + 1)).all(1)
    if rng.random() < 0.5:
        chip, points, visible = chip[:, ::-1], mirrored(points, CHIP_SIDE), visible[MIRROR_16]
    chip = face_set.recolour(spoil(np.ascontiguousarray(chip), rng), rng)
    return face_set.normalised(chip), points.astype(np.float32), visible


def warp(chip, points, visible, others, rng, warped):
    """Gives the face other proportions, by chance."""
    dice = rng.random() / max(warped, 1e-9)
    if dice < TOWARDS_OTHER and visible.all():
        other = others[rng.integers(len(others))]
        return warping.warp_towards(chip, points, other.points, rng)
    if dice < TOWARDS_OTHER + SMOOTHLY:
        return warping.warp_smoothly(chip, points, SMOOTH, rng)
    return chip, points
