"""The 16 landmarks of a face and its shape.

Landmarks 0-3 are the left eye (outer corner, top, inner corner, bottom), 4-7 the right eye (inner corner, top, outer
corner, bottom), 8-11 the nose (left, top, right, bottom), 12 and 14 the mouth corners, 13 the upper lip and 15 the
chin. Left and right are the picture's. A symmetric shape holds its landmarks as complex numbers x + iy.
"""

import numpy as np

from mungpy_training.landmarking import LANDMARKS, MIRROR_ORDER

MIRROR_16 = np.array(MIRROR_ORDER)
# The same for the 68 landmarks of the iBUG 300-W scheme.
MIRROR_68 = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
# Each of the 16 is one of the 68, or the mean of two.
FROM_68 = [(36,), (37, 38), (39,), (40, 41), (42,), (43, 44), (45,), (46, 47)]
FROM_68 += [(31,), (30,), (35,), (33,), (48,), (51,), (54,), (8,)]

# The left landmark of each pair, its right one, and the landmarks on the midline.
LEFT, MIDLINE = np.array([0, 1, 2, 3, 8, 12]), np.array([9, 11, 13, 15])
RIGHT = MIRROR_16[LEFT]


def to_16(points):
    """The 16 landmarks of a face that is marked with 16 or with 68."""
    if len(points) == LANDMARKS:
        return points
    return np.array([points[list(group)].mean(0) for group in FROM_68])


def eye_centres(points):
    """The mean of the landmarks of each eye."""
    marks = to_16(points)
    return marks[0:4].mean(0), marks[4:8].mean(0)


def interocular_distance(points):
    """The distance between the eye centres."""
    left, right = eye_centres(points)
    return float(np.linalg.norm(right - left))


def mirrored(points, width=1):
    """The landmarks in the mirror image of a picture `width` pixels wide.

    The centres of pixels have whole coordinates, so a width of 1 mirrors about x = 0.
    """
    order = MIRROR_16 if len(points) == LANDMARKS else MIRROR_68
    return (np.array([width - 1.0, 0.0]) + points * [-1.0, 1.0])[order]


def similarity(source, target):
    """The 2 × 3 matrix of the similarity that best moves `source` onto `target` (Umeyama 1991)."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    s, t = source - mean_s, target - mean_t
    u, sigma, vt = np.linalg.svd(t.T @ s)
    flip = np.diag([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ flip @ vt
    scale = np.trace(np.diag(sigma) @ flip) / (s**2).sum()
    linear = scale * rotation
    return np.hstack([linear, (mean_t - linear @ mean_s)[:, None]])


def apply(matrix, points):
    """The points moved by a 2 × 3 matrix."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def apply_inverse(matrix, points):
    """The points that the matrix moves to `points`."""
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def to_complex(points):
    """N × 2 coordinates as N complex numbers."""
    return points[:, 0] + 1j * points[:, 1]


def from_complex(numbers):
    """N complex numbers as N × 2 coordinates."""
    return np.stack([numbers.real, numbers.imag], 1)


def symmetric_shape(points):
    """The symmetric shape of centroid size 1, its centroid size in the unit of the points, and the roll.

    It equals that of src/face/shape.rs for a face that is not upside down.
    """
    face = to_complex(points)
    face = face - face.mean()
    mirror = -np.conj(face[MIRROR_16])
    roll = np.angle(np.sum(face * np.conj(mirror))) / 2
    shape = (face * np.exp(-1j * roll) + mirror * np.exp(1j * roll)) / 2
    size = np.linalg.norm(shape)
    return shape / size, size, roll


def features(shape):
    """The free coordinates of a symmetric shape, in the order of src/face/shape.rs."""
    right, left = shape[RIGHT], shape[LEFT]
    return np.concatenate([(right - left).real / 2, (right + left).imag / 2, shape[MIDLINE].imag])


def from_features(values):
    """The symmetric shape with these features: the way back."""
    half, height, midline = np.split(np.asarray(values, np.float64), [len(LEFT), 2 * len(LEFT)])
    shape = np.zeros(LANDMARKS, complex)
    shape[LEFT], shape[RIGHT], shape[MIDLINE] = -half + 1j * height, half + 1j * height, 1j * midline
    shape -= shape.mean()
    return shape / np.linalg.norm(shape)


# Features of the mean of 563 marked dogs (mungpy_training.landmarks.mean_face), in units of centroid size. For the
# pairs with the left landmarks 0, 1, 2, 3, 8 and 12: first half the distance between left and right of each pair, then
# the height of each pair; then the height of the landmarks 9, 11, 13 and 15 on the midline.
MEAN_DOG_FEATURES = [0.236, 0.185, 0.135, 0.186, 0.101, 0.177]
MEAN_DOG_FEATURES += [-0.189, -0.223, -0.173, -0.151, 0.096, 0.222, 0.028, 0.187, 0.239, 0.381]
MEAN_DOG = from_features(MEAN_DOG_FEATURES)
