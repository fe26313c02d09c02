"""The candidates of the face score."""

from mungpy_training.face_score import candidates

HEAD = [0, 0, 100, 100]


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
