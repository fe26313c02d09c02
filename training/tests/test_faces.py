"""Faces, their chips and the varied chips that the network learns from."""

import json
from collections import defaultdict
from types import SimpleNamespace

import cv2
import numpy as np

from mungpy_training.landmarking import CHIP_DROP, CHIP_REACH, CHIP_SIDE, INPUT_UNIT, JITTERS
from mungpy_training.landmarks import faces as face_set
from mungpy_training.shapes import MIRROR_16, apply


def named(name):
    return face_set.Face(None, [0, 0, 1, 1], np.zeros((16, 2)), [True] * 16, name)


def test_a_fold_keeps_all_photos_of_a_person_together():
    folds = defaultdict(set)
    for person in range(60):
        for photo in range(4):
            folds[person].add(face_set.fold(named(f"person{person}/a{photo}.jpg"), 5))
    assert all(len(found) == 1 for found in folds.values())
    assert set().union(*folds.values()) == set(range(5))


def test_photos_of_dogs_fall_into_all_folds():
    counts = np.bincount([face_set.fold(named(f"{i:012x}.jpg"), 5) for i in range(1000)])
    assert len(counts) == 5
    assert counts.min() > 150


def test_a_name_tells_person_and_recording(face):
    assert face.individual == "person"
    assert face.recording == "a"


def test_the_chip_shows_the_square_around_and_below_the_box():
    box = [100, 50, 140, 90]
    matrix = face_set.chip_matrix(box)
    centre = np.array([120, 70 + 40 * CHIP_DROP])
    middle = (CHIP_SIDE - 1) / 2
    assert np.allclose(apply(matrix, centre), middle)
    corner = centre - 40 * CHIP_REACH / 2
    assert np.allclose(apply(matrix, corner), middle - CHIP_SIDE / 2)


def test_a_jitter_moves_and_scales_the_chip():
    box = [100, 50, 140, 90]
    for dx, dy, scale in JITTERS:
        matrix = face_set.chip_matrix(box, (dx, dy, scale))
        assert np.isclose(matrix[0, 0], CHIP_SIDE / (40 * CHIP_REACH * scale))
        centre = [120 + 40 * dx, 70 + 40 * (CHIP_DROP + dy)]
        assert np.allclose(apply(matrix, np.array(centre)), (CHIP_SIDE - 1) / 2)


def test_a_roll_turns_about_the_middle_of_the_chip(face):
    straight = face_set.chip_matrix(face.box)
    rolled = face_set.chip_matrix(face.box, roll=0.3)
    middle = (CHIP_SIDE - 1) / 2
    before, after = apply(straight, face.points) - middle, apply(rolled, face.points) - middle
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    assert np.allclose(before @ turn.T, after)


def test_the_chip_of_a_mirrored_photo_is_the_mirrored_chip(face):
    width = face.image.shape[1]
    left, top, right, bottom = face.box
    box = [width - 1 - right, top, width - 1 - left, bottom]
    chip = face_set.cut(face.image, face_set.chip_matrix(face.box))
    mirror = face_set.cut(np.ascontiguousarray(face.image[:, ::-1]), face_set.chip_matrix(box))
    assert np.abs(chip[:, ::-1].astype(int) - mirror).max() <= 3


def test_the_input_lies_between_minus_1_and_1():
    chip = np.full((CHIP_SIDE, CHIP_SIDE, 3), 127, np.uint8)
    chip[0, 0], chip[0, 1] = 0, 255
    found = face_set.normalised(chip)
    assert found.shape == (3, CHIP_SIDE, CHIP_SIDE)
    assert found.dtype == np.float32
    assert found[0, 0, 0] == -127 / INPUT_UNIT and found[0, 0, 1] == 128 / INPUT_UNIT and found[0, 5, 5] == 0


def test_a_sample_moves_points_and_visibility_as_the_picture(face, rng, monkeypatch):
    monkeypatch.setattr(face_set, "recolour", lambda chip, rng: chip)
    spotted = np.zeros((280, 300), np.float32)
    x, y = face.points[0]
    cv2.circle(spotted, (round(x), round(y)), 6, 255, -1)
    face.image = cv2.cvtColor(cv2.GaussianBlur(spotted, (0, 0), 2), cv2.COLOR_GRAY2BGR).astype(np.uint8)
    face.visible[0] = False
    seen = set()
    for _ in range(20):
        chip, points, visible = face_set.sample_chip(face, SimpleNamespace(side=160, unit=128), rng, warp=3.5)
        (hidden,) = np.flatnonzero(~visible) if (~visible).sum() == 1 else (None,)
        if hidden is None:
            continue
        assert hidden in (0, MIRROR_16[0])
        seen.add(int(hidden))
        light = chip[0] + 1
        rows, columns = np.indices(light.shape)
        weights = np.maximum(light - 0.5, 0)
        centre = [(weights * columns).sum() / weights.sum(), (weights * rows).sum() / weights.sum()]
        assert np.linalg.norm(points[hidden] - centre) < 2.5
    assert seen == {0, int(MIRROR_16[0])}


def test_a_recoloured_chip_stays_a_picture(rng):
    chip = rng.integers(0, 256, (CHIP_SIDE, CHIP_SIDE, 3), dtype=np.uint8)
    for _ in range(20):
        found = face_set.recolour(chip, rng)
        assert found.shape == chip.shape
        assert found.min() >= 0 and found.max() <= 255


def test_the_marked_dogs_are_read(tmp_path, face):
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images/one.png"), face.image[:, :, ::-1])
    row = {"image": "one.png", "box": face.box, "landmarks": face.points.tolist(), "hidden": [3, 15], "yaw": "slight"}
    (tmp_path / "landmarks.jsonl").write_text(json.dumps(row) + "\n")
    (dog,) = face_set.dogs(tmp_path)
    assert (dog.image == face.image).all()
    assert np.flatnonzero(~dog.visible).tolist() == [3, 15]
    assert dog.yaw == "slight"
    assert np.isclose(dog.interocular, face.interocular)
