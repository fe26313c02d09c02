"""Warps of chips and of the landmarks in them."""

import cv2
import numpy as np

from mungpy_training.landmarks import warping
from mungpy_training.landmarks.faces import chip_matrix, cut
from mungpy_training.shapes import apply, similarity

SIDE = 160


def spot(at):
    """A chip that is black but for one soft spot."""
    x, y = np.moveaxis(warping.grid(SIDE), -1, 0)
    return (255 * np.exp(-0.5 * ((x - at[0]) ** 2 + (y - at[1]) ** 2) / 3**2)).astype(np.float32)


def centre_of(chip):
    x, y = np.moveaxis(warping.grid(SIDE), -1, 0)
    return np.array([(chip * x).sum(), (chip * y).sum()]) / chip.sum()


def chip_and_points(face):
    matrix = chip_matrix(face.box, size=SIDE)
    return cut(face.image, matrix, SIDE), apply(matrix, face.points)


def test_a_warp_of_nothing_changes_nothing(face, rng):
    chip, points = chip_and_points(face)
    warped, moved = warping.warp_smoothly(chip, points, 0.0, rng)
    assert (warped == chip).all()
    assert np.allclose(moved, points)


def test_a_spline_between_equal_points_is_the_identity(face):
    _, points = chip_and_points(face)
    sources = warping.thin_plate_spline(points, points, SIDE)
    assert np.abs(sources - warping.grid(SIDE)).max() < 1e-3


def test_a_spline_leads_each_target_to_its_source(face, rng):
    _, points = chip_and_points(face)
    target = points + rng.normal(0, 2, points.shape)
    sources = warping.thin_plate_spline(target, points, SIDE)
    assert np.abs(warping.interpolated(sources, target) - points).max() < 0.5


def test_a_spline_takes_what_lies_at_a_source_to_its_target(face):
    _, points = chip_and_points(face)
    target = points.copy()
    target[9] += [5, 3]
    sources = warping.thin_plate_spline(target, points, SIDE)
    warped = warping.resampled(spot(points[9]), sources)
    assert np.abs(centre_of(warped) - target[9]).max() < 1


def test_points_move_with_a_smooth_field(rng):
    nodes = rng.normal(0, 3, (5, 5, 2)).astype(np.float32)
    field = cv2.resize(nodes, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    point = np.array([[70.0, 90.0]])
    moved = warping.points_moved_by(field, point)
    assert np.abs(moved + warping.interpolated(field, moved) - point).max() < 1e-2
    warped = warping.resampled(spot(point[0]), warping.grid(SIDE) + field)
    assert np.abs(centre_of(warped) - moved[0]).max() < 0.7


def test_a_smooth_warp_moves_points_by_about_its_amount(face, rng):
    chip, points = chip_and_points(face)
    moved = [warping.warp_smoothly(chip, points, 3.5, rng)[1] - points for _ in range(40)]
    assert 2 < np.std(moved) < 6


def test_a_warp_towards_a_face_goes_some_of_the_way(face, rng, monkeypatch):
    monkeypatch.setattr(warping, "NOISE", 0.0)
    chip, points = chip_and_points(face)
    other = points * [1.0, 1.15]
    goal = apply(similarity(other, points), other)
    shares = []
    for _ in range(20):
        warped, moved = warping.warp_towards(chip, points, other, rng)
        share = ((moved - points) * (goal - points)).sum() / ((goal - points) ** 2).sum()
        assert np.allclose(moved, points + share * (goal - points))
        assert warped.shape == chip.shape
        shares.append(share)
    assert warping.SHARES[0] <= min(shares) < max(shares) <= warping.SHARES[1]
