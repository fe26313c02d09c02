"""The photos of the detector, their split and its test."""

import cv2
import numpy as np
import pytest

from mungpy_training.detector import evaluate, pictures
from mungpy_training.detector import photos as photo_set

NAMES = [f"{i:012x}.jpg" for i in range(3000)]


def photo(image, heads=(), empty=False):
    made = photo_set.Photo.__new__(photo_set.Photo)
    made.image, made.heads, made.empty = image, list(heads), empty
    return made


def test_the_parts_are_disjoint_and_cover_all_names():
    parts = {part: {name for name in NAMES if photo_set.part(name) == part} for part in ("train", "tune", "test")}
    assert sum(map(len, parts.values())) == len(NAMES)
    assert set().union(*parts.values()) == set(NAMES)
    shares = {part: len(names) / len(NAMES) for part, names in parts.items()}
    assert shares == pytest.approx({"train": 0.7, "tune": 0.1, "test": 0.2}, abs=0.03)


@pytest.mark.parametrize(("name", "part"), [("a.jpg", "train"), ("j.jpg", "tune"), ("c.jpg", "test")])
def test_a_name_keeps_its_part_for_ever(name, part):
    assert photo_set.part(name) == part


def test_the_levels_of_the_pyramid_shrink_by_a_sixth():
    levels = photo_set.sizes(384, 256)
    assert levels[:3] == [(384, 256), (320, 213), (266, 177)]
    assert all(width > 0 and height >= 5 for width, height in levels)


@pytest.mark.parametrize("size", [(384, 384), (384, 200), (200, 384), (640, 90)])
def test_the_tiled_levels_lie_inside_and_apart(size):
    levels = photo_set.sizes(*size)
    corners, (width, height) = photo_set.layout(levels)
    taken = np.zeros((height, width), int)
    for (left, top), (w, h) in zip(corners, levels, strict=False):
        assert left >= 0 and top >= 0 and left + w <= width and top + h <= height
        taken[top : top + h, left : left + w] += 1
    assert taken.max() == 1


def test_a_mirrored_photo_keeps_its_heads_on_the_same_pixels(rng):
    image = np.zeros((384, 384, 3), np.uint8)
    image[100:180, 60:140] = 255
    for _ in range(30):
        varied, heads = photo_set.vary(photo(image, [[60, 100, 140, 180]]), rng)
        left, top, right, bottom = heads[0]
        if not (left >= 0 and right <= 384 and top >= 0 and bottom <= 384):
            continue
        light = varied.mean(2) - np.median(varied)
        rows, columns = np.nonzero(light > light.max() / 2)
        assert abs(columns.mean() - (left + right) / 2) < 12
        assert abs(rows.mean() - (top + bottom) / 2) < 12


def test_a_batch_says_which_photo_each_window_is_of(rng):
    photos = [
        photo(np.full((384, 300, 3), 200, np.uint8), [[10, 10, 90, 90]]),
        photo(np.zeros((200, 384, 3), np.uint8)),
    ]
    photos[1].empty = True
    images, chosen, empty = photo_set.sample_batch(photos, [0.5, 0.5], 16, rng)
    assert images.shape == (16, 3, photo_set.WINDOW, photo_set.WINDOW)
    assert images.dtype == np.float32 and np.abs(images).max() <= 1
    assert (empty == (chosen == 1)).all()


def test_iou():
    assert evaluate.iou([0, 0, 10, 10], [0, 0, 10, 10]) == 1
    assert evaluate.iou([0, 0, 10, 10], [5, 0, 15, 10]) == pytest.approx(1 / 3)
    assert evaluate.iou([0, 0, 10, 10], [20, 0, 30, 10]) == 0


def test_matches_ignores_boxes_below_the_threshold():
    found = [[0, 0, 10, 10, 0.5], [5, 0, 15, 10, 2.0]]
    assert evaluate.matches([[0, 0, 10, 10]], found, 0.0) == [1.0]
    assert evaluate.matches([[0, 0, 10, 10]], found, 1.0) == [pytest.approx(1 / 3)]
    assert evaluate.matches([[0, 0, 10, 10]], [], 0.0) == [0.0]


def test_the_wilson_interval_of_a_known_share():
    assert evaluate.wilson(155, 158) == "155/158 = 98.1 % (94.6–99.4)"


def test_empty_crops_avoid_all_heads(tmp_path, rng):
    image = np.full((640, 640, 3), 50, np.uint8)
    image[200:400, 200:400] = 255
    cv2.imwrite(str(tmp_path / "scene.png"), image)
    row = {"image": str(tmp_path / "scene.png"), "heads": [[200, 200, 400, 400, 1.0]]}
    crops = list(pictures.empty_crops(row, rng, tries=200, most=4))
    assert crops
    assert all(crop.max() == 50 for crop in crops)
