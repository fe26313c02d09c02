"""What the detector, set to be lax, takes for dog faces, and whether it is one.

candidates.py DATA DETECT TEACHER STUDENT OUT.jsonl

One line for each box: photo at 384 px, box there, part of the split, whether it shows a dog's face. The teacher decides
on photos of dogs; where it is undecided the box is left out. On people nothing is a dog's face.
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
MOST = {"pool": 3, "people": 2}  # false boxes of a photo


def verdict(box, teacher):
    """Whether a box shows a dog's face; None where the teacher does not say."""
    if any(iou(box, head) >= 0.5 and head[4] > 0 for head in teacher):
        return True
    return None if any(iou(box, head) >= 0.3 for head in teacher) else False


def labelled(kind, path, part, boxes, teacher):
    left = MOST[kind]
    for box in sorted((b for b in boxes if b[4] >= LAX), key=lambda b: -b[4]):
        dog = verdict(box, teacher)
        left -= dog is False
        if dog or (dog is False and left >= 0):
            yield {"photo": str(path), "part": part, "box": box[:4], "dog": dog}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "detect", "teacher", "student", "out"):
        parser.add_argument(name)
    args = parser.parse_args()
    data = Path(args.data)
    pool = [json.loads(line)["image"] for line in (data / "dog-pool/heads.jsonl").read_text().splitlines()]
    dogs = [(data / "dog-pool/images" / name, photo_set.part(name)) for name in pool]
    people = [(path, photo_set.part(path.parent.name)) for path in sorted((data / "people").glob("*/*.jpg"))]
    with open(args.out, "w") as lines:
        for kind, photos in (("pool", dogs), ("people", people)):
            paths = [path for path, _ in photos]
            seen = detect(args, "student", paths, LAX)
            truth = detect(args, "teacher", paths, DOUBT) if kind == "pool" else [{"heads": []}] * len(paths)
            for (path, part), boxes, heads in zip(photos, seen, truth):
                for row in labelled(kind, path, part, boxes["heads"], heads["heads"]):
                    lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
