"""The student, what it learns from, and its weights. Needs torch."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mungpy_training import weights  # noqa: E402
from mungpy_training.landmarking import CELL, CHIP_REACH, CHIP_SIDE, LANDMARKS  # noqa: E402
from mungpy_training.landmarks import distil, lessons, maps, patches, student  # noqa: E402
from mungpy_training.landmarks.persons import is_held_out  # noqa: E402
from mungpy_training.shapes import symmetric_shape  # noqa: E402

CELLS = CHIP_SIDE // CELL


def trained():
    """A network whose normalisation has seen something."""
    torch.manual_seed(1)
    net = student.Student().eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.2, 0.2)
    return net


def test_the_student_gives_a_map_for_each_landmark_and_a_face_score():
    with torch.no_grad():
        scores, face_scores = student.parts(student.Student().eval()(torch.zeros(2, 3, CHIP_SIDE, CHIP_SIDE)))
    assert scores.shape == (2, LANDMARKS, CELLS, CELLS)
    assert face_scores.shape == (2,)


def test_folded_weights_stand_in_the_order_in_which_they_run():
    net, seen = trained(), []
    names = {module: name for name, module in net.named_modules() if isinstance(module, torch.nn.Conv2d)}
    for module in names:
        module.register_forward_hook(lambda module, *_: seen.append(names[module]))
    with torch.no_grad():
        net(torch.zeros(1, 3, CHIP_SIDE, CHIP_SIDE))
    assert seen == list(names.values())
    assert len(list(weights.folded(net))) == len(seen)


def test_folded_weights_give_the_same_maps(tmp_path, image):
    net, path = trained(), tmp_path / "student.weights"
    weights.save(net, path)
    chip = np.ascontiguousarray(image[:CHIP_SIDE, :CHIP_SIDE])
    assert np.allclose(maps.maps_of(net, chip), maps.maps_of(maps.of_weights(path), chip), atol=1e-4)


def test_a_patch_shows_the_surroundings_of_a_box(face):
    patch = patches.of_face(face)
    left, top, right, bottom = patch.box
    assert right - left == pytest.approx(patches.SIDE / patches.REACH, rel=0.01)
    shape, _, roll = symmetric_shape(face.points)
    moved, _, turned = symmetric_shape(patch.points)
    assert np.abs(shape - moved).max() < 1e-6 and roll == pytest.approx(turned)


def test_a_sample_is_an_input_and_its_landmarks(face, rng):
    patch = patches.of_face(face)
    for _ in range(20):
        chip, points, visible = patches.sample(patch, [patch], rng, CHIP_REACH)
        assert chip.shape == (3, CHIP_SIDE, CHIP_SIDE) and chip.dtype == np.float32
        assert points.shape == (LANDMARKS, 2) and visible.any()
    _, _, visible = patches.sample(patches.empty(face.image, face.box, "none"), [patch], rng, CHIP_REACH)
    assert not visible.any()


def test_a_box_without_a_face_moves_only_the_face_score(face, rng):
    patch = patches.of_face(face)
    args = SimpleNamespace(species="dog", batch=10, warped=1.0, empty=0.2)
    images, *wanted = distil.sample_batch([patch], [patches.empty(face.image, face.box, "none")], args, rng)
    shown = wanted[2]
    assert images.shape == (10, 3, CHIP_SIDE, CHIP_SIDE) and shown.sum() == 8
    found = torch.zeros(10, LANDMARKS + 1, CELLS, CELLS)
    before = distil.loss_of_batch(found, *wanted)
    found[~shown, :LANDMARKS] = torch.randn(2, LANDMARKS, CELLS, CELLS)
    assert distil.loss_of_batch(found, *wanted) == before
    found[~shown, LANDMARKS] = -5
    assert distil.loss_of_batch(found, *wanted) < before


def test_faces_of_one_person_get_one_shape(face, rng):
    faces = []
    for recording in "112":
        patch = patches.of_face(face)
        patch.points = patch.points + rng.normal(0, 2, patch.points.shape)
        patch.name = f"people/p1/{recording}{len(faces)}.jpg"
        faces.append(patch)
    lessons.steady(faces)
    shapes = [symmetric_shape(patch.points)[0] for patch in faces]
    assert max(np.abs(shape - shapes[0]).max() for shape in shapes) < 1e-3


def test_spared_persons_are_those_of_the_tests():
    people = [f"data/people/p{i}/10.jpg" for i in range(200)]
    assert [lessons.is_spared(photo) for photo in people] == [is_held_out(f"p{i}") for i in range(200)]
    news = [lessons.is_spared(f"data/people-occasions/o{i}/1.jpg") for i in range(400)]
    assert 60 < sum(news) < 140
