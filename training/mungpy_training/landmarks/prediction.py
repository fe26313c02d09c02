"""Asks a trained network, teacher or student, for the landmarks of a face, as src/extract/landmarking/network.rs does.

The program takes interquartile means of the predictions. Here they are plain means.
"""

import numpy as np
import torch

from mungpy_training.landmarking import CENTROID_RISE, CENTROID_SIZE, DOG_LOOKS, DOG_REACH, JITTERS, LANDMARKS
from mungpy_training.landmarks import warping
from mungpy_training.landmarks.faces import PLAIN, chip_matrix, cut, normalised
from mungpy_training.landmarks.network import soft_argmax
from mungpy_training.shapes import MEAN_DOG, apply, apply_inverse, from_complex, mirrored, symmetric_shape

# A teacher sees unusual faces too near the mean. With the face warped so much of the way to the mean face, it has less
# to pull (pose-indexed regression: Dollár, Welinder & Perona, CVPR 2010).
TOWARDS_MEAN = 0.6


def run(net, chips):
    """The landmarks in each chip, in its pixels: N × 16 × 2."""
    inputs = np.stack([normalised(chip, net.unit) for chip in chips])
    with torch.no_grad():
        found, _ = soft_argmax(net(torch.from_numpy(inputs))[:, :LANDMARKS])
    return found.numpy().astype(np.float64)


def looks(net, face):
    """As the program looks at dogs: predictions from its boxes, each as it is and mirrored."""
    found = []
    for jitter in DOG_LOOKS:
        matrix = chip_matrix(face.box, jitter, size=net.side, reach=DOG_REACH)
        chip = cut(face.image, matrix, net.side)
        direct, mirror_image = run(net, [chip, chip[:, ::-1]])
        found += [apply_inverse(matrix, points) for points in (direct, mirrored(mirror_image, net.side))]
    return np.array(found)


def predict_chip(net, chip):
    """Landmarks in pixels of the chip, from it and from its mirror image."""
    direct, mirror_image = run(net, [chip, chip[:, ::-1]])
    return (direct + mirrored(mirror_image, net.side)) / 2


def predict(net, face, jitter=PLAIN):
    """Landmarks in pixels of the image, from the chip of a jittered box."""
    matrix = chip_matrix(face.box, jitter, size=net.side)
    return apply_inverse(matrix, predict_chip(net, cut(face.image, matrix, net.side)))


def predict_jittered(net, face, boxes):
    """Predictions from the chips of the first jittered boxes: boxes × 16 × 2."""
    return np.array([predict(net, face, jitter) for jitter in JITTERS[:boxes]])


def predict_in_rounds(net, face, rounds):
    """As a teacher looks at dogs: the predictions of the first round, and the landmarks that the last round finds.

    `rounds` holds the number of jittered boxes of each. From the second one on the face is warped towards the mean
    face.
    """
    first = predict_jittered(net, face, rounds[0])
    points = first.mean(0)
    for boxes in rounds[1:]:
        points = np.mean([refine_towards_mean(net, face, points, jitter) for jitter in JITTERS[:boxes]], 0)
    return first, points


def refine_towards_mean(net, face, points, jitter):
    """Predicts again with the face warped most of the way to the mean face, as if `points` were its landmarks."""
    matrix = chip_matrix(face.box, jitter, size=net.side)
    points = apply(matrix, points)
    shape, size, roll = symmetric_shape(points)
    target = points + from_complex(TOWARDS_MEAN * (MEAN_DOG - shape) * size * np.exp(1j * roll))
    sources = warping.thin_plate_spline(target, points, net.side)
    found = predict_chip(net, warping.resampled(cut(face.image, matrix, net.side), sources))
    return apply_inverse(matrix, warping.interpolated(sources, found).astype(np.float64))


def aligned_matrix(points, side):
    """From pixels of the image to an upright chip in which the landmarks lie as in the mean face."""
    _, _, roll = symmetric_shape(points)
    centroid = points.mean(0)
    zoom = side * CENTROID_SIZE / np.linalg.norm(points - centroid)
    linear = zoom * np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    middle = (side - 1) / 2
    return np.c_[linear, np.array([middle, middle - CENTROID_RISE * side]) - linear @ centroid]


def predict_aligned(net, face):
    """As the program looks at persons: once at the box, then at the aligned chip."""
    matrix = chip_matrix(face.box, size=net.side)
    first = apply_inverse(matrix, run(net, [cut(face.image, matrix, net.side)])[0])
    matrix = aligned_matrix(first, net.side)
    return apply_inverse(matrix, predict_chip(net, cut(face.image, matrix, net.side)))
