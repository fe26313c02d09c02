"""Compares the student with the teacher on photos that no training saw.

With --part tune it prints a table over thresholds. With --program it also reports what `mungpy extract` finds, after
its second look at what the detector doubts.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from mungpy_training.detector import photos as photo_set
from mungpy_training.detector import pictures
from mungpy_training.files import read_lines

CLOSE_SIDE = 1664  # long side in the program's last pass, as in src/extract/search.rs; pixels
SMALLEST = 64  # side of a head that counts; pixels
OVERLAP = 0.5  # IoU from which on a box is the wanted one


def detect(args, kind, paths, threshold=0.0, side=photo_set.SIDE):
    """What native/detect.cc finds with the teacher or the student: a record for each photo."""
    model = args.teacher if kind == "teacher" else args.student
    command = [args.detect, kind, model, str(threshold), str(side)]
    lines = subprocess.run(command, input="\n".join(map(str, paths)), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in lines.stdout.splitlines()]


def iou(a, b):
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def wilson(hits, of):
    """The 95 % confidence interval of a share."""
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{hits}/{of} = {100 * share:.1f} % ({100 * max(0, middle - half):.1f}–{100 * (middle + half):.1f})"


def matches(wanted, found, threshold):
    """For each wanted head the largest IoU with a found one; 0 where there is none."""
    return [max((iou(head, f) for f in found if f[4] > threshold), default=0.0) for head in wanted]


def report(rows, truth, dogless, threshold):
    """Recall and false detections at a threshold."""
    overlaps = [o for row, heads in zip(rows, truth, strict=True) for o in matches(heads, row["heads"], threshold)]
    good = [o for o in overlaps if o >= OVERLAP]
    false = sum(1 for row in dogless for h in row["heads"] if h[4] > threshold)
    extra = sum(
        f[4] > threshold and all(iou(f, h) < OVERLAP for h in heads)
        for row, heads in zip(rows, truth, strict=True)
        for f in row["heads"]
    )
    return (
        f"threshold {threshold:+.2f}  recall {wilson(len(good), len(overlaps))}  mean IoU {np.mean(good):.3f}"
        f"  same box {100 * np.mean(np.array(good) > 0.95):.0f} %"
        f"  false {false} in {len(dogless)} dogless photos, {extra} extra in {len(rows)} pool photos"
    )


def extracted(mungpy, paths):
    """For each photo the face that the program finds and whether it is usable, or None."""
    command = [mungpy, "extract", "--species", "dog", "--json", *map(str, paths)]
    # It also fails where a photo shows no face.
    lines = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    if len(rows) != len(paths):
        raise RuntimeError(lines.stderr)
    sides = ("left", "top", "right", "bottom")
    return [([row["face"][s] for s in sides], row["quality"]["usable"]) if "face" in row else None for row in rows]


def right(found, heads):
    """How many of the faces found are the wanted heads."""
    return sum(f is not None and iou(head, f[0]) >= OVERLAP for f, head in zip(found, heads, strict=True))


def report_program(mungpy, photos, heads, dogless, folder):
    """Recall and false faces of the whole program."""
    print(f"program: recall {wilson(right(extracted(mungpy, photos), heads), len(heads))}")
    for paths, side in ((dogless, photo_set.SIDE), (pictures.enlarged(dogless, folder), pictures.LARGE)):
        false = [f for f in extracted(mungpy, paths) if f]
        share, usable = wilson(len(false), len(paths)), sum(usable for _, usable in false)
        print(f"program: faces in {share} dogless photos of {side} px, {usable} of them usable")


def report_small(args, paths, heads):
    """Recall of SMALL heads in LARGE pictures: of the student at CLOSE_SIDE, and of the program."""
    wanted = [[side * CLOSE_SIDE / pictures.LARGE for side in head] for head in heads]
    found = detect(args, "student", paths, 0.0, CLOSE_SIDE)
    alone = sum(matches([head], row["heads"], 0.0)[0] >= OVERLAP for head, row in zip(wanted, found, strict=True))
    print(f"heads of {pictures.SMALL} px at {CLOSE_SIDE} px: recall {wilson(alone, len(heads))}")
    if args.program:
        seen = extracted(args.program, paths)
        hits, usable = right(seen, heads), sum(f[1] for f in seen if f)
        elsewhere = sum(f is not None for f in seen) - hits
        print(f"program: recall {wilson(hits, len(heads))}, {elsewhere} faces elsewhere, {usable} usable")


def report_time(args, scenes):
    """CPU time and finds in scenes."""
    for side in (384, 768):
        for kind in ("teacher", "student"):
            found = detect(args, kind, scenes, 0.0, side)
            hits = sum(bool(row["heads"]) for row in found)
            heads, ms = sum(len(row["heads"]) for row in found), np.median([row["ms"] for row in found])
            print(f"{kind} at {side} px: heads in {hits} of {len(found)} scenes, {heads} heads, median {ms:.0f} ms")


def main():
    """Compares on one part of the split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of dog-pool, dog-scenes and people")
    parser.add_argument("detect", help="compiled native/detect.cc")
    parser.add_argument("teacher", help="dogHeadDetector.dat")
    parser.add_argument("student", help="dog-face-detector.dat")
    parser.add_argument("--part", default="test", choices=["tune", "test"])
    parser.add_argument("--program", metavar="MUNGPY")
    args = parser.parse_args()
    data = args.data
    pool = [row for row in read_lines(data / "dog-pool/heads.jsonl") if photo_set.part(row["image"]) == args.part]
    photos = [data / "dog-pool/images" / row["image"] for row in pool]
    truth = [[h for h in row["heads"] if h[2] - h[0] >= SMALLEST] for row in pool]
    # The program names one face, so it looks at photos in which the teacher sees one.
    single = [(photo, heads[0]) for photo, heads in zip(photos, truth, strict=True) if len(heads) == 1]
    thresholds = [0.0] if args.part == "test" else np.arange(-0.6, 0.21, 0.1)
    lowest = float(min(thresholds))
    rows = detect(args, "student", photos, lowest)
    scenes = sorted((data / "dog-scenes").glob("*.jpg"))
    lax = detect(args, "teacher", scenes, -0.7, pictures.SCENE)
    with tempfile.TemporaryDirectory() as folder:
        # Scenes are few: the threshold is chosen on persons alone, and the test has both.
        paths = pictures.negatives(data, args.part, Path(folder), lax if args.part == "test" else [])
        dogless = detect(args, "student", paths, lowest)
        if args.program:
            report_program(args.program, *zip(*single, strict=True), paths, Path(folder))
        report_small(args, *pictures.small_heads(*zip(*single, strict=True), lax, Path(folder)))
        print("teacher:", sum(len(r["heads"]) for r in detect(args, "teacher", paths)), "false on the dogless photos")
    for threshold in thresholds:
        print(report(rows, truth, dogless, threshold))
    if args.part == "test":
        report_time(args, scenes)


if __name__ == "__main__":
    main()
