"""How a trained network is asked for the landmarks of a face, as src/extract/landmarking/network.rs does."""
import numpy as np
import torch

import bending
import faces as face_set
import net as network

TRIES = [((0, 0), 1), ((0, -0.03), 0.97), ((0, 0.03), 1.03), ((-0.03, 0), 1), ((0.03, 0), 1)]  # shifted boxes
ROUNDS = (3, 3)  # of these boxes the product looks at so many of a dog in each round
TOWARDS_MEAN = 0.6  # share of the way to the mean face from the second round on


def predict(net, face, shift=(0.0, 0.0), scale=1.0, matrix=None):
    """Points in pixels of the image, from the chip and its mirror image."""
    matrix = face_set.transform(face, shift, scale) if matrix is None else matrix
    return from_chip(in_chip(net, face_set.cut(face, matrix)), matrix)


def in_chip(net, chip):
    """Points in pixels of the chip, from it and its mirror image."""
    chip = face_set.normalised(chip)
    with torch.no_grad():
        both, _ = network.soft_argmax(net(torch.from_numpy(np.stack([chip, chip[:, :, ::-1]]))))
    direct, mirrored = both.numpy().astype(np.float64)
    return (direct + face_set.mirrored(mirrored)) / 2


def from_chip(points, matrix):
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def steadily(net, face):
    """The same, averaged over shifted boxes."""
    return np.mean([predict(net, face, shift, scale) for shift, scale in TRIES], 0)


def in_rounds(net, face, mean):
    """As the product looks at dogs: the predictions of the first round (boxes × 16 × 2), and the points found in the last."""
    first = np.array([predict(net, face, *box) for box in TRIES[: ROUNDS[0]]])
    points = first.mean(0)
    for boxes in ROUNDS[1:]:
        points = np.mean([bent_look(net, face, points, mean, face_set.transform(face, *box)) for box in TRIES[:boxes]], 0)
    return first, points


def bent_look(net, face, seen, mean, matrix):
    """Points from a look at the face bent most of the way to the mean shape as if its points were `seen`."""
    points = seen @ matrix[:, :2].T + matrix[:, 2]
    shape, size, roll = face_set.symmetric(points)
    shift = TOWARDS_MEAN * (mean - shape) * size * np.exp(1j * roll)
    sources = bending.spline(points + np.stack([shift.real, shift.imag], 1), points, face_set.SIDE)
    chip = bending.drawn_from(face_set.cut(face, matrix), sources[..., 0], sources[..., 1])
    return from_chip(bending.sampled(sources, in_chip(net, chip)).astype(np.float64), matrix)


def mean_shape(faces):
    """The mean symmetric shape of marked faces (complex)."""
    shape = np.mean([face_set.symmetric(face.points)[0] for face in faces], 0)
    return shape / np.linalg.norm(shape)
