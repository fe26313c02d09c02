"""The constants that the program and the training share."""

import numpy as np

from mungpy_training import landmarking as constants
from mungpy_training.shapes import MEAN_DOG_FEATURES


def test_the_mirror_order_is_an_involution():
    order = constants.MIRROR_ORDER
    assert sorted(order) == list(range(16))
    assert [order[i] for i in order] == list(range(16))


def test_the_first_jitter_is_the_box_as_it_is():
    assert constants.JITTERS[0] == (0.0, 0.0, 1.0)


def test_the_jitters_are_symmetric_about_the_vertical():
    assert len(set(constants.JITTERS)) == len(constants.JITTERS) == 9
    assert {(-dx, dy, scale) for dx, dy, scale in constants.JITTERS} == set(constants.JITTERS)


def test_the_first_look_at_a_dog_is_at_the_box_as_it_is():
    assert constants.DOG_LOOKS[0] == (0.0, 0.0, 1.0)
    assert {(-dx, dy, scale) for dx, dy, scale in constants.DOG_LOOKS} == set(constants.DOG_LOOKS)


def test_the_cells_fill_the_chip():
    assert constants.CHIP_SIDE % constants.CELL == 0


def test_the_mean_dog_has_centroid_size_1_and_its_centroid_at_0():
    features = np.array(MEAN_DOG_FEATURES)
    assert features.shape == (16,)
    pairs, midline = features[:12], features[12:]
    assert abs(2 * (pairs**2).sum() + (midline**2).sum() - 1) < 0.01
    assert abs(2 * pairs[6:].sum() + midline.sum()) < 0.02


def test_the_shares_are_shares():
    assert 0 < constants.CHIP_DROP < constants.DOG_REACH < constants.CHIP_REACH
    assert constants.CENTROID_SIZE > 0 and 0 < constants.CENTROID_RISE < 0.5
