"""The candidates of the face score, and the face score in the network."""

from pathlib import Path

import numpy as np
import pytest

from mungpy_training.face_score import candidates

HEAD = [0, 0, 100, 100]
NETWORK = Path(__file__).parents[2] / "landmark-models/dog-face-landmarks-16.onnx"


def test_a_box_on_a_head_of_the_teacher_shows_a_dog_face():
    assert candidates.shows_dog_face([5, 0, 105, 100], [[*HEAD, 0.4]]) is True


def test_a_box_away_from_all_heads_shows_none():
    assert candidates.shows_dog_face([200, 0, 300, 100], [[*HEAD, 0.4]]) is False


def test_a_box_near_a_head_or_on_a_doubtful_one_is_left_open():
    assert candidates.shows_dog_face([45, 0, 145, 100], [[*HEAD, 0.4]]) is None
    assert candidates.shows_dog_face(HEAD, [[*HEAD, -0.5]]) is None


def test_of_the_false_boxes_the_surest_are_taken():
    boxes = [[x, 0, x + 50, 50, x / 1000] for x in range(200, 800, 100)] + [[900, 0, 950, 50, candidates.LAX - 0.1]]
    rows = list(candidates.labelled("photo.jpg", "train", [*boxes, [*HEAD, -0.2]], [[*HEAD, 1.0]], most=3))
    assert [row["box"][0] for row in rows if not row["dog"]] == [700, 600, 500]
    assert [row["box"] for row in rows if row["dog"]] == [HEAD]


def face_score():
    for module in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(module)
    from mungpy_training.face_score import add

    return add


def test_the_shipped_network_is_made_again_byte_for_byte():
    add = face_score()
    import onnx

    model = onnx.load(NETWORK)
    stored = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    before = model.SerializeToString(deterministic=True)
    made = add.with_score(model, stored[f"{add.OUTPUT}.weight"][0], stored[f"{add.OUTPUT}.bias"][0])
    assert made.SerializeToString(deterministic=True) == before


def test_the_score_is_the_linear_function_of_the_features(image):
    add = face_score()
    import onnx
    import onnxruntime

    model = onnx.load(NETWORK)
    stored = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    chip = np.ascontiguousarray(image[:160, :160])
    features = add.feature_reader(model)(chip)
    session = onnxruntime.InferenceSession(NETWORK, providers=["CPUExecutionProvider"])
    ((score,),) = session.run([add.OUTPUT], {"chips": add.face_set.normalised(chip)[None]})[0]
    wanted = features @ stored[f"{add.OUTPUT}.weight"][0] + stored[f"{add.OUTPUT}.bias"][0]
    assert score == pytest.approx(wanted, abs=1e-3)


def test_logistic_regression_parts_what_can_be_parted(rng):
    add = face_score()
    dog = rng.random(400) < 0.3
    features = rng.normal(0, 1, (400, 5)).astype(np.float32)
    features[dog, 2] += 6
    weights, bias = add.fit(features, dog)
    assert ((features @ weights + bias > 0) == dog).mean() > 0.98
