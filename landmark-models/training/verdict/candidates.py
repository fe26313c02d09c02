"""What the detector, set to be lax, takes for dog faces, and whether it is one.

candidates.py DATA DETECT TEACHER STUDENT OUT.jsonl

One line for each box: photo at 384 px, box there, part of the split, whether it shows a dog's face. Photos are looked at
closer as well, as the product does where it has found no face. The teacher decides on photos of dogs; where it is
undecided the box is left out. On people nothing is a dog's face.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "detector"))
import photos as photo_set
from evaluate import CLOSE_SIDE, detect, iou

LAX = -0.7  # what the student is as sure of, or surer
DOUBT = -0.8  # a box that the teacher is surer of is not surely none
MOST = 3  # false boxes of a photo of dogs
MOST_OF_PEOPLE = 2  # and of one of people, at each side
# Sides that photos are looked at, and every how manieth photo is: what is closer takes longer.
DOGS_AT = ((photo_set.SIDE, 1), (CLOSE_SIDE, 6))
PEOPLE_AT = ((photo_set.SIDE, 1), (2 * photo_set.SIDE, 1), (CLOSE_SIDE, 4))
TEACHER_MOST = 2 * photo_set.SIDE  # the largest side at which the teacher is asked


def verdict(box, teacher):
    """Whether a box shows a dog's face; None where the teacher does not say."""
    if any(iou(box, head) >= 0.5 and head[4] > 0 for head in teacher):
        return True
    return None if any(iou(box, head) >= 0.3 for head in teacher) else False


def labelled(path, part, boxes, teacher, left):
    for box in sorted((b for b in boxes if b[4] >= LAX), key=lambda b: -b[4]):
        dog = verdict(box, teacher)
        left -= dog is False
        if dog or (dog is False and left >= 0):
            yield {"photo": str(path), "part": part, "box": box[:4], "dog": dog}


def seen(args, kind, paths, lowest, side):
    """What a detector finds at a side, for each photo in pixels of the photo at 384 px."""
    scale = photo_set.SIDE / side
    for row in detect(args, kind, paths, lowest, side):
        yield [[scale * x for x in head[:4]] + [head[4]] for head in row["heads"]]


def of_dogs(args, data):
    names = [json.loads(line)["image"] for line in (data / "dog-pool/heads.jsonl").read_text().splitlines()]
    for side, every in DOGS_AT:
        paths = [data / "dog-pool/images" / name for name in names[::every]]
        truth = seen(args, "teacher", paths, DOUBT, min(side, TEACHER_MOST))
        for path, boxes, heads in zip(paths, seen(args, "student", paths, LAX, side), truth):
            yield from labelled(path, photo_set.part(path.name), boxes, heads, MOST)


def of_people(args, data):
    everyone = sorted((data / "people").glob("*/*.jpg"))
    for side, every in PEOPLE_AT:
        paths = everyone[::every]
        for path, boxes in zip(paths, seen(args, "student", paths, LAX, side)):
            yield from labelled(path, photo_set.part(path.parent.name), boxes, [], MOST_OF_PEOPLE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "detect", "teacher", "student", "out"):
        parser.add_argument(name)
    args = parser.parse_args()
    with open(args.out, "w") as lines:
        for rows in (of_dogs, of_people):
            for row in rows(args, Path(args.data)):
                lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
