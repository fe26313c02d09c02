"""The networks and what is predicted with them. Needs torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mungpy_training import weights  # noqa: E402
from mungpy_training.detector import distil, networks  # noqa: E402
from mungpy_training.landmarking import (  # noqa: E402
    CELL,
    CENTROID_RISE,
    CENTROID_SIZE,
    CHIP_SIDE,
    INPUT_UNIT,
    JITTERS,
)
from mungpy_training.landmarks import crossval, network, prediction, repeatability, train  # noqa: E402
from mungpy_training.landmarks.faces import chip_matrix  # noqa: E402
from mungpy_training.shapes import MEAN_DOG, apply, from_complex, mirrored, symmetric_shape  # noqa: E402

CELLS = CHIP_SIDE // CELL


def test_the_expected_position_lies_between_equal_cells():
    scores = torch.full((1, 1, CELLS, CELLS), -50.0)
    scores[0, 0, 10, 20] = 5.0
    assert network.soft_argmax(scores)[0][0, 0].tolist() == pytest.approx([81.5, 41.5], abs=1e-4)
    scores[0, 0, 10, 21] = 5.0
    assert network.soft_argmax(scores)[0][0, 0].tolist() == pytest.approx([83.5, 41.5], abs=1e-4)


def test_the_network_gives_a_heat_map_for_each_landmark():
    with torch.no_grad():
        scores = network.Landmarker().eval()(torch.zeros(2, 3, network.SIDE, network.SIDE))
    assert scores.shape == (2, 16, network.SIDE // CELL, network.SIDE // CELL)


def test_even_padding_changes_no_output():
    pytest.importorskip("onnx")
    from mungpy_training.landmarks.export import pad_evenly

    torch.manual_seed(1)
    net = network.Landmarker().eval()
    chips = torch.randn(1, 3, network.SIDE, network.SIDE)
    with torch.no_grad():
        before = net(chips)
        pad_evenly(net)
        after = net(chips)
    assert torch.allclose(before, after, atol=1e-4)


def test_the_loss_is_least_where_the_marks_are():
    marks = torch.full((1, 16, 2), 81.5)
    scores = torch.full((1, 16, CELLS, CELLS), -10.0)
    right, wrong = scores.clone(), scores.clone()
    right[..., 20, 20], wrong[..., 20, 30] = 10.0, 10.0
    args = (marks, torch.ones(1, 16, dtype=torch.bool), torch.tensor([60.0]))
    assert train.loss_of(right, *args) < train.loss_of(wrong, *args)


def test_hidden_landmarks_do_not_count():
    scores = torch.randn(1, 16, CELLS, CELLS)
    visible = torch.ones(1, 16, dtype=torch.bool)
    visible[0, 3] = False
    marks = torch.full((1, 16, 2), 60.0)
    moved = marks.clone()
    moved[0, 3] = 140.0
    interocular = torch.tensor([60.0])
    assert train.loss_of(scores, marks, visible, interocular) == train.loss_of(scores, moved, visible, interocular)


class Fixed:
    """Stands in for a network: it finds the same landmarks in every chip, mirrored in every second one."""

    side, unit = CHIP_SIDE, INPUT_UNIT

    def __init__(self, points):
        self.points = points

    def __call__(self, chips):
        scores = torch.full((len(chips), 16, CELLS, CELLS), -1e3)
        for n in range(len(chips)):
            points = self.points
            if n % 2:
                points = mirrored(points, CHIP_SIDE)
            for i, (x, y) in enumerate(np.floor(points / CELL).astype(int)):
                scores[n, i, y, x] = 0
        return scores


@pytest.fixture
def in_chip(face):
    """Landmarks at centres of cells of the chip."""
    cells = np.floor(apply(chip_matrix(face.box), face.points) / CELL)
    return np.clip(cells, 0, CELLS - 1) * CELL + 1.5


def test_a_chip_and_its_mirror_image_are_averaged(in_chip, face):
    found = prediction.predict(Fixed(in_chip), face)
    assert np.abs(apply(chip_matrix(face.box), found) - in_chip).max() < 1e-3


def test_each_jittered_box_gives_a_prediction(in_chip, face):
    found = prediction.predict_jittered(Fixed(in_chip), face, 3)
    assert found.shape == (3, 16, 2)
    for points, jitter in zip(found, JITTERS, strict=False):
        assert np.abs(apply(chip_matrix(face.box, jitter), points) - in_chip).max() < 1e-3


def test_the_rounds_begin_with_their_jittered_boxes(in_chip, face):
    first, last = prediction.predict_in_rounds(Fixed(in_chip), face, (3, 3))
    assert first.shape == (3, 16, 2)
    assert last.shape == (16, 2)


def test_a_refined_prediction_is_warped_back(face):
    """A network that sees the refined face where the warp has put it confirms the landmarks."""
    points = apply(chip_matrix(face.box), face.points)
    shape, size, roll = symmetric_shape(points)
    target = points + from_complex(prediction.TOWARDS_MEAN * (MEAN_DOG - shape) * size * np.exp(1j * roll))
    found = prediction.refine_towards_mean(Fixed(target), face, face.points, JITTERS[0])
    assert np.abs(apply(chip_matrix(face.box), found) - points).max() < 0.75 * CELL


def test_in_an_aligned_chip_every_face_stands_upright_and_has_one_size(points):
    moved = apply(prediction.aligned_matrix(points, CHIP_SIDE), points)
    _, _, roll = symmetric_shape(moved)
    middle = (CHIP_SIDE - 1) / 2
    assert roll == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(moved - moved.mean(0)) == pytest.approx(CENTROID_SIZE * CHIP_SIDE)
    assert moved.mean(0) == pytest.approx([middle, middle - CENTROID_RISE * CHIP_SIDE])


def test_equal_predictions_do_not_disagree(points):
    assert crossval.disagreement(np.stack([points] * 3)) == pytest.approx(0, abs=1e-12)
    assert crossval.disagreement(np.stack([points, points + 4])) > 0


def test_an_interval_holds_its_figure(rng):
    assert crossval.interval(np.full(10, 2.0), rng) == " 2.00 [2.00, 2.00]"


def test_icc_of_perfect_and_of_no_repetition(rng):
    values = rng.normal(0, 1, 200)
    assert repeatability.icc([[[v], [v]] for v in values])[0] == pytest.approx(1)
    assert abs(repeatability.icc(rng.normal(0, 1, (400, 2, 1)))[0]) < 0.15


def test_the_ratios_of_a_shape_do_not_depend_on_its_size():
    assert np.allclose(repeatability.ratios(MEAN_DOG), repeatability.ratios(7 * MEAN_DOG))


def test_teacher_and_student_have_the_same_cells(tmp_path):
    rng = np.random.default_rng(1)
    before, values = 3, []
    for filters, kernel, _ in networks.TEACHER:
        values.append(rng.normal(0, 0.05, filters * before * kernel**2 + filters * (1 if filters == 1 else 3)))
        before = filters
    path = tmp_path / "teacher.weights"
    path.write_bytes(np.concatenate(values).astype(np.float32).tobytes())
    windows = torch.zeros(1, 3, 160, 160)
    target = networks.teacher(path)(windows)
    scores = networks.score(networks.student().eval(), windows)
    assert abs(target.shape[2] - scores.shape[2]) <= 1


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "teacher.weights"
    path.write_bytes(np.zeros(10**6, np.float32).tobytes())
    with pytest.raises(ValueError, match="another network"):
        networks.teacher(path)


def test_folding_normalisation_changes_no_score(tmp_path):
    torch.manual_seed(1)
    net = networks.student().eval()
    for module in net:
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    path = tmp_path / "student.weights"
    weights.save(net, path)
    windows = torch.randn(1, 3, 100, 120)
    with torch.no_grad():
        assert torch.allclose(net(windows), networks.student(path)(windows), atol=1e-5)


def test_a_detector_without_error_has_no_loss():
    target = torch.linspace(-3, 1, 64).reshape(1, 1, 8, 8)
    loss, _ = distil.loss_of(target.clone(), target, torch.tensor([False]))
    assert loss == 0
    empty_loss, _ = distil.loss_of(target.clone(), target, torch.tensor([True]))
    assert empty_loss > 0
