"""The 16 landmarks and the shape of a face."""

import numpy as np
import pytest

from mungpy_training import shapes


def turned(points, angle):
    return shapes.from_complex(shapes.to_complex(points) * np.exp(1j * angle))


@pytest.mark.parametrize("count", [16, 68])
def test_mirroring_twice_changes_nothing(rng, count):
    points = rng.uniform(0, 160, (count, 2))
    assert np.allclose(shapes.mirrored(shapes.mirrored(points, 160), 160), points)


def test_mirroring_exchanges_left_and_right(points):
    mirror = shapes.mirrored(points, 300)
    assert np.allclose(mirror[0], [299 - points[6, 0], points[6, 1]])
    assert np.allclose(mirror[15], [299 - points[15, 0], points[15, 1]])


def test_the_16_landmarks_are_mirrored_as_their_68(rng):
    points = rng.uniform(0, 160, (68, 2))
    assert np.allclose(shapes.to_16(shapes.mirrored(points, 160)), shapes.mirrored(shapes.to_16(points), 160))


def test_the_symmetric_shape_is_that_of_the_mirror_image(points):
    shape, size, roll = shapes.symmetric_shape(points)
    mirror_shape, mirror_size, mirror_roll = shapes.symmetric_shape(shapes.mirrored(points, 300))
    assert np.allclose(shape, mirror_shape)
    assert np.isclose(size, mirror_size)
    assert np.isclose(roll, -mirror_roll)


def test_the_symmetric_shape_keeps_under_roll(points):
    shape, size, roll = shapes.symmetric_shape(points)
    turned_shape, turned_size, turned_roll = shapes.symmetric_shape(turned(points, 0.4))
    assert np.allclose(shape, turned_shape)
    assert np.isclose(size, turned_size)
    assert np.isclose(turned_roll, roll + 0.4)


def test_the_symmetric_shape_keeps_under_scale_and_shift(points):
    shape, size, roll = shapes.symmetric_shape(points)
    scaled_shape, scaled_size, scaled_roll = shapes.symmetric_shape(2.5 * points + [40, -7])
    assert np.allclose(shape, scaled_shape)
    assert np.isclose(scaled_size, 2.5 * size)
    assert np.isclose(scaled_roll, roll)


def test_the_symmetric_shape_is_symmetric_and_of_centroid_size_1(points):
    shape, _, _ = shapes.symmetric_shape(points)
    assert np.allclose(-np.conj(shape[shapes.MIRROR_16]), shape)
    assert np.isclose(np.linalg.norm(shape), 1)
    assert np.isclose(shape.mean(), 0)


def test_features_hold_the_whole_symmetric_shape(points):
    shape, _, _ = shapes.symmetric_shape(points)
    assert np.allclose(shapes.from_features(shapes.features(shape)), shape)


def test_the_mean_dog_is_a_symmetric_shape():
    shape, size, roll = shapes.symmetric_shape(shapes.from_complex(shapes.MEAN_DOG))
    assert np.allclose(shape, shapes.MEAN_DOG)
    assert np.isclose(size, 1)
    assert np.isclose(roll, 0)


def test_a_similarity_is_found_again(points):
    matrix = np.array([[1.2, -0.5, 30.0], [0.5, 1.2, -8.0]])
    found = shapes.similarity(points, shapes.apply(matrix, points))
    assert np.allclose(found, matrix)


def test_a_similarity_never_mirrors(points):
    matrix = shapes.similarity(points, points * [-1, 1])
    assert np.linalg.det(matrix[:, :2]) > 0


def test_apply_inverse_is_the_way_back(points):
    matrix = np.array([[0.8, 0.3, 3.0], [-0.2, 1.1, 9.0]])
    assert np.allclose(shapes.apply_inverse(matrix, shapes.apply(matrix, points)), points)


def test_the_interocular_distance_is_between_the_eye_centres():
    points = np.zeros((16, 2))
    points[4:8] = [3, 4]
    assert shapes.interocular_distance(points) == 5
