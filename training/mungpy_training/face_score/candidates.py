"""Writes the boxes that the lax detector takes for dog faces, and whether each is one.

There is one line for each box: the photo, the box in pixels of the photo at 384 pixels, the part of the split, and
whether it shows a dog's face. Some photos are also looked at closer, as the program does where it has found no face. In
photos of dogs the teacher decides, and boxes of which it is not sure are left out. In photos of people nothing is a
dog's face.
"""

import argparse
import json
from pathlib import Path

from mungpy_training.detector import photos as photo_set
from mungpy_training.detector.evaluate import CLOSE_SIDE, OVERLAP, detect, iou
from mungpy_training.files import read_lines

LAX = -0.7  # lowest score of the student that counts
DOUBT = -0.8  # lowest score of the teacher at which a box may be a face
NEAR = 0.3  # IoU from which on a box is too near to one of the teacher's to be surely no face
MOST = 3  # false boxes of a photo of dogs at each side
MOST_OF_PEOPLE = 2  # false boxes of a photo of people at each side
# Long sides of the photos in pixels. At each, every n-th photo is looked at, because large ones take long.
DOGS_AT = ((photo_set.SIDE, 1), (CLOSE_SIDE, 6))
PEOPLE_AT = ((photo_set.SIDE, 1), (2 * photo_set.SIDE, 1), (CLOSE_SIDE, 4))
TEACHER_MOST = 2 * photo_set.SIDE  # largest side at which the teacher looks; pixels


def shows_dog_face(box, teacher):
    """Whether a box shows a dog's face; None where the teacher is not sure."""
    if any(iou(box, head) >= OVERLAP and head[4] > 0 for head in teacher):
        return True
    return None if any(iou(box, head) >= NEAR for head in teacher) else False


def labelled(path, part, boxes, teacher, most):
    """The records of the boxes of a photo, with at most `most` false ones: those of the highest scores."""
    for box in sorted((b for b in boxes if b[4] >= LAX), key=lambda b: -b[4]):
        dog = shows_dog_face(box, teacher)
        most -= dog is False
        if dog or (dog is False and most >= 0):
            yield {"photo": str(path), "part": part, "box": box[:4], "dog": dog}


def detections(args, kind, paths, lowest, side):
    """The boxes that a detector finds at a side, in pixels of the photo at 384 pixels."""
    scale = photo_set.SIDE / side
    for row in detect(args, kind, paths, lowest, side):
        yield [[scale * x for x in head[:4]] + [head[4]] for head in row["heads"]]


def of_dogs(args):
    """The records of the photos of dogs."""
    names = [row["image"] for row in read_lines(args.data / "dog-pool/heads.jsonl")]
    for side, every in DOGS_AT:
        paths = [args.data / "dog-pool/images" / name for name in names[::every]]
        teacher = detections(args, "teacher", paths, DOUBT, min(side, TEACHER_MOST))
        student = detections(args, "student", paths, LAX, side)
        for path, boxes, heads in zip(paths, student, teacher, strict=True):
            yield from labelled(path, photo_set.part(path.name), boxes, heads, MOST)


def of_people(args):
    """The records of the photos of people."""
    everyone = sorted((args.data / "people").glob("*/*.jpg"))
    for side, every in PEOPLE_AT:
        paths = everyone[::every]
        for path, boxes in zip(paths, detections(args, "student", paths, LAX, side), strict=True):
            yield from labelled(path, photo_set.part(path.parent.name), boxes, [], MOST_OF_PEOPLE)


def main():
    """Looks at all photos."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of dog-pool and people")
    parser.add_argument("detect", help="compiled native/detect.cc")
    parser.add_argument("teacher", help="dogHeadDetector.dat")
    parser.add_argument("student", help="dog-face-detector.dat")
    parser.add_argument("out", type=Path, metavar="OUT.jsonl")
    args = parser.parse_args()
    with args.out.open("w") as lines:
        for rows in (of_dogs, of_people):
            for row in rows(args):
                lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
