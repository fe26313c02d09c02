"""Persons: the landmarks of the mesh, made steady."""

import json
from types import SimpleNamespace

import numpy as np

from mungpy_training.landmarks import persons
from mungpy_training.landmarks.faces import Face
from mungpy_training.landmarks.mesh import CHIPS, POINTS, SIDE, chip_matrix, predict
from mungpy_training.shapes import apply, interocular_distance, symmetric_shape


def named(points, name):
    return Face(None, [0, 0, 1, 1], points, [True] * 16, name)


def test_about_half_of_the_persons_are_held_out_for_ever():
    held_out = [persons.is_held_out(f"person{i}") for i in range(1000)]
    assert 400 < sum(held_out) < 600
    assert held_out == [persons.is_held_out(f"person{i}") for i in range(1000)]


def test_the_eye_frame_puts_the_eyes_at_one_half(points):
    frame, line, middle = persons.eye_frame(points)
    assert np.isclose(frame[4:8].mean(), 0.5)
    assert np.isclose(frame[0:4].mean(), -0.5)
    assert np.isclose(abs(line), interocular_distance(points))
    assert np.allclose(frame * line + middle, points[:, 0] + 1j * points[:, 1])


def test_a_mesh_that_is_off_by_the_same_everywhere_is_put_right(tmp_path, rng, points):
    off = rng.normal(0, 0.05, (16, 2))
    off[0:8] = 0  # the eyes make the frame
    faces, lines = [], []
    for i in range(7):
        scale, shift = rng.uniform(0.5, 2), rng.uniform(-50, 50, 2)
        marks, seen = scale * points + shift, scale * (points + rotated(off, points)) + shift
        faces.append(named(marks, f"p/{i}.jpg"))
        lines.append(json.dumps({"photo": f"p/{i}.jpg", "landmarks": seen.tolist()}))
    faces.append(named(points, "p/unseen.jpg"))
    wanted = [face.points.copy() for face in faces]
    (tmp_path / "mesh.jsonl").write_text("\n".join(lines))
    found = persons.meshed(faces, tmp_path / "mesh.jsonl")
    assert len(found) == 7
    for face, points_of_face in zip(found, wanted, strict=False):
        assert np.allclose(face.points, points_of_face)


def rotated(off, points):
    """An offset in interocular distances along the eyes, in pixels."""
    _, line, _ = persons.eye_frame(points)
    moved = (off[:, 0] + 1j * off[:, 1]) * line
    return np.stack([moved.real, moved.imag], 1)


def test_steady_faces_of_a_person_share_one_shape_and_keep_their_place(rng, points):
    names = ["p/a1.jpg", "p/a2.jpg", "p/a3.jpg", "p/b1.jpg", "q/a1.jpg"]
    faces = [
        named(points * scale + rng.normal(0, 3, (16, 2)), name) for name, scale in zip(names, range(1, 6), strict=True)
    ]
    before = [symmetric_shape(face.points) for face in faces]
    centroids = [face.points.mean(0) for face in faces]
    persons.steady(faces)
    after = [symmetric_shape(face.points) for face in faces]
    mean = (np.mean([shape for shape, _, _ in before[:3]], 0) + before[3][0]) / 2
    mean /= np.linalg.norm(mean)
    for shape, _, _ in after[:4]:
        assert np.abs(shape - mean).max() < 2e-3
    assert np.allclose(after[4][0], before[4][0])
    for face, centroid in zip(faces, centroids, strict=True):
        assert np.allclose(face.points.mean(0), centroid)


class Mesh:
    """Stands in for MediaPipe: it sees the same landmarks of the image in every chip that is not mirrored."""

    def __init__(self, points, box):
        self.points, self.box = points, box
        self.calls = 0

    def process(self, chip):
        number, is_mirror = divmod(self.calls, 2)
        self.calls += 1
        dx, dy, reach = CHIPS[number]
        inside = apply(chip_matrix(self.box, (dx, dy), reach), self.points) + 0.5
        marks = {i: SimpleNamespace(x=x / SIDE, y=y / SIDE) for i, (x, y) in zip(POINTS, inside, strict=True)}
        return SimpleNamespace(multi_face_landmarks=[] if is_mirror else [SimpleNamespace(landmark=marks)])


def test_the_mesh_gives_landmarks_in_pixels_of_the_image(face):
    found = predict(Mesh(face.points, face.box), face.image, face.box)
    assert np.allclose(found, face.points)
