"""Faces that the tests share."""

import cv2
import numpy as np
import pytest

from mungpy_training.landmarks.faces import Face
from mungpy_training.shapes import MEAN_DOG, from_complex


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def points(rng):
    """An asymmetric face of about 150 pixels that is turned a little."""
    return from_complex(MEAN_DOG * 150 * np.exp(0.1j) + 150 + 140j) + rng.normal(0, 3, (16, 2))


@pytest.fixture
def image(rng):
    """A smooth picture in which every place looks different."""
    noise = cv2.GaussianBlur(rng.uniform(0, 255, (280, 300, 3)), (0, 0), 12)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.fixture
def face(image, points):
    return Face(image, [85, 60, 215, 190], points, [True] * 16, "person/a1.jpg")
