"""What the detector, set to be lax, takes for dog faces, and whether it is one.

candidates.py DATA DETECT TEACHER STUDENT OUT.jsonl

One line for each box: photo at 384 px, box there, part of the split, whether it shows a dog's face. The teacher decides
on photos of dogs; where it is undecided the box is left out. On people nothing is a dog's face, also where they are
looked at closer, as the product does when it has found none.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "detector"))
import photos as photo_set
from evaluate import detect, iou

LAX = -0.7  # what the student is as sure of, or surer
DOUBT = -0.8  # a box that the teacher is surer of is not surely none
MOST = 3  # false boxes of a photo of dogs
MOST_OF_PEOPLE = 2  # and of one of people, at each of
SIDES = (photo_set.SIDE, 2 * photo_set.SIDE)


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


def of_dogs(args, data):
    names = [json.loads(line)["image"] for line in (data / "dog-pool/heads.jsonl").read_text().splitlines()]
    paths = [data / "dog-pool/images" / name for name in names]
    seen, truth = detect(args, "student", paths, LAX), detect(args, "teacher", paths, DOUBT)
    for path, boxes, heads in zip(paths, seen, truth):
        yield from labelled(path, photo_set.part(path.name), boxes["heads"], heads["heads"], MOST)


def of_people(args, data):
    paths = sorted((data / "people").glob("*/*.jpg"))
    for side in SIDES:
        for path, boxes in zip(paths, detect(args, "student", paths, LAX, side)):
            there = [[x * photo_set.SIDE / side for x in box[:4]] + [box[4]] for box in boxes["heads"]]
            yield from labelled(path, photo_set.part(path.parent.name), there, [], MOST_OF_PEOPLE)


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
