"""The composite faces: recipes, proportions, and what is committed of them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mungpy_training.composites import proportions
from mungpy_training.composites.recipes import AXES, DOGS, PERSONS, ZOOM
from mungpy_training.shapes import MEAN_DOG, MIRROR_68, from_complex, interocular_distance, mirrored

PICTURES = Path(__file__).parents[2] / "tests/data"
LINES = [json.loads(line) for line in (PICTURES / "composites.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("wanted", [*(wanted for wanted, _ in DOGS.values()), *PERSONS.values()])
def test_recipes_name_ratios_that_there_are(wanted):
    assert wanted
    assert set(wanted) <= set(proportions.RATIOS)
    assert all(0 < abs(deviation) <= 2.0 for deviation in wanted.values())


def test_each_temperament_has_a_value_or_nothing_on_each_axis():
    columns = len(AXES.split(","))
    assert all(len(traits.split(",")) == columns for _, traits in DOGS.values())
    assert set(ZOOM) <= set(DOGS)


def test_the_catalogue_is_that_of_the_recipes():
    with (PICTURES / "dogs/dogs.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert {row["dogId"]: ",".join(row[axis] for axis in AXES.split(",")) for row in rows} == {
        dog: traits for dog, (_, traits) in DOGS.items()
    }


def test_each_recipe_has_its_picture():
    wanted = {f"dogs/{name}.jpg" for name in DOGS} | {f"persons/{name}.jpg" for name in PERSONS}
    wanted |= {"measure/base.jpg", "measure/base-eye-gap-120.jpg"}
    assert {line["photo"] for line in LINES} == wanted
    assert all((PICTURES / line["photo"]).exists() for line in LINES)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["photo"])
def test_the_landmarks_of_a_composite_are_symmetric(line):
    points = np.array(line["landmarks"])
    middle = points[:, 0].mean()
    gap = mirrored(points, 2 * middle + 1) - points
    assert np.abs(gap).max() < 0.03


def test_the_second_measured_picture_differs_by_the_eye_gap_alone():
    base, wide = (
        np.array(next(line["landmarks"] for line in LINES if line["photo"] == f"measure/{name}.jpg"))
        for name in ("base", "base-eye-gap-120")
    )
    gap_of_base, gap_of_wide = (points[4, 0] - points[2, 0] for points in (base, wide))
    assert gap_of_wide / gap_of_base == pytest.approx(1.2, abs=2e-3)
    assert np.abs(wide[8:] - base[8:]).max() < 1e-9
    assert np.ptp(wide[0:4], axis=0) == pytest.approx(np.ptp(base[0:4], axis=0), abs=0.02)


def test_log_ratios_keep_under_scale_roll_and_mirroring(points):
    wanted = proportions.log_ratios(points)
    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    assert np.allclose(proportions.log_ratios(3 * points @ turn + 20), wanted)
    assert np.allclose(proportions.log_ratios(mirrored(points, 300)), wanted)


def test_an_upright_face_is_level_and_centred(points):
    found = proportions.upright(points)
    left, right = found[0:4].mean(0), found[4:8].mean(0)
    assert np.isclose(left[1], right[1]) and left[0] < right[0]
    assert np.allclose(found.mean(0), 0)
    assert np.isclose((found**2).sum(1).mean(), 1)


def test_the_mean_shape_is_symmetric(rng, points):
    mean = proportions.mean_shape([points + rng.normal(0, 4, (16, 2)) for _ in range(5)])
    assert np.allclose(mirrored(mean), mean)


def test_the_mirror_order_of_68_is_an_involution():
    assert (MIRROR_68[MIRROR_68] == np.arange(68)).all()


@pytest.mark.parametrize("ratio", proportions.RATIOS)
def test_a_ratio_is_stretched_to_the_wanted_value(ratio):
    pytest.importorskip("scipy")
    from mungpy_training.composites.stretch import with_ratio

    shape = proportions.upright(from_complex(MEAN_DOG))
    index = proportions.RATIOS.index(ratio)
    wanted = proportions.log_ratios(shape)[index] + 0.1
    changed = with_ratio(shape, ratio, wanted)
    assert proportions.log_ratios(changed)[index] == pytest.approx(wanted, abs=1e-5)
    assert np.allclose(mirrored(changed), changed, atol=1e-9)


def test_the_map_of_a_composite_leads_each_landmark_to_its_mark(face):
    pytest.importorskip("scipy")
    from mungpy_training.composites.blend import spline_map

    target = from_complex(MEAN_DOG * 110 + 100 + 90j)
    lookup = spline_map(200, target, face.points)
    x, y = np.round(target).astype(int).T
    # Between the pixel and the landmark lies less than a pixel, times the scale of the face.
    scale = face.interocular / interocular_distance(target)
    assert np.linalg.norm(lookup[y, x] - face.points, axis=1).max() < 1.5 * scale
