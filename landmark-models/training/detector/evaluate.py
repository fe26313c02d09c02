"""Compares the student with the teacher on photos that no training saw.

evaluate.py DATA DETECT TEACHER STUDENT [--part tune|test] [--product MUNGPY]
With --part tune it prints a table over thresholds, with --product also what `mungpy extract` makes of the photos, after
its second look at what the detector doubts.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import photos as photo_set
import pictures

CLOSE_SIDE = 1664  # of the product's last pass, src/extract/search.rs


def detect(args, kind, paths, threshold=0.0, side=photo_set.SIDE):
    model = args.teacher if kind == "teacher" else args.student
    command = [args.detect, kind, model, str(threshold), str(side)]
    lines = subprocess.run(command, input="\n".join(map(str, paths)), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in lines.stdout.splitlines()]


def iou(a, b):
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
    """The best overlap with each wanted head, one per head; 0 where there is none."""
    return [max((iou(head, f) for f in found if f[4] > threshold), default=0.0) for head in wanted]


def report(rows, truth, dogless, threshold):
    overlaps = [o for row, heads in zip(rows, truth) for o in matches(heads, row["heads"], threshold)]
    good = [o for o in overlaps if o >= 0.5]
    false = sum(1 for row in dogless for h in row["heads"] if h[4] > threshold)
    extra = sum(1 for row, heads in zip(rows, truth) for f in row["heads"]
                if f[4] > threshold and all(iou(f, h) < 0.5 for h in heads))
    return (f"threshold {threshold:+.2f}  recall {wilson(len(good), len(overlaps))}  mean IoU {np.mean(good):.3f}"
            f"  same box {100 * np.mean(np.array(good) > 0.95):.0f} %"
            f"  false {false} in {len(dogless)} dogless photos, {extra} extra in {len(rows)} pool photos")


def extracted(mungpy, paths):
    """The face that the product finds in each photo, None for none, and whether it can be compared."""
    lines = subprocess.run([mungpy, "extract", "--species", "dog", "--json", *map(str, paths)], capture_output=True, text=True)
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert len(rows) == len(paths), lines.stderr
    sides = ("left", "top", "right", "bottom")
    return [([row["face"][s] for s in sides], row["quality"]["usable"]) if "face" in row else None for row in rows]


def right(found, heads):
    """How many of the faces found lie on their heads."""
    return sum(f is not None and iou(head, f[0]) >= 0.5 for f, head in zip(found, heads))


def report_product(mungpy, photos, heads, dogless, folder):
    print(f"product: recall {wilson(right(extracted(mungpy, photos), heads), len(heads))}")
    for paths, side in ((dogless, photo_set.SIDE), (pictures.enlarged(dogless, folder), pictures.LARGE)):
        false = [f for f in extracted(mungpy, paths) if f]
        print(f"product: faces in {wilson(len(false), len(paths))} dogless photos of {side} px, "
              f"{sum(usable for _, usable in false)} of them usable")


def report_small(args, paths, heads):
    """Heads of SMALL px in pictures of LARGE px: the student at the side of the product's last pass, and the product."""
    wanted = [[side * CLOSE_SIDE / pictures.LARGE for side in head] for head in heads]
    found = detect(args, "student", paths, 0.0, CLOSE_SIDE)
    alone = sum(matches([head], row["heads"], 0.0)[0] >= 0.5 for head, row in zip(wanted, found))
    print(f"heads of {pictures.SMALL} px at {CLOSE_SIDE} px: recall {wilson(alone, len(heads))}")
    if args.product:
        seen = extracted(args.product, paths)
        hits = right(seen, heads)
        print(f"product: recall {wilson(hits, len(heads))}, {sum(f is not None for f in seen) - hits} faces elsewhere, "
              f"{sum(f[1] for f in seen if f)} usable")


def report_time(args, scenes):
    for side in (384, 768):
        for kind in ("teacher", "student"):
            found = detect(args, kind, scenes, 0.0, side)
            print(f"{kind} at {side} px: heads in {sum(bool(r['heads']) for r in found)} of {len(found)} scenes, "
                  f"{sum(len(r['heads']) for r in found)} heads, median {np.median([r['ms'] for r in found]):.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "detect", "teacher", "student"):
        parser.add_argument(name)
    parser.add_argument("--part", default="test", choices=["tune", "test"])
    parser.add_argument("--product", metavar="MUNGPY")
    args = parser.parse_args()
    data = Path(args.data)
    pool = [json.loads(line) for line in (data / "dog-pool/heads.jsonl").read_text().splitlines()]
    pool = [row for row in pool if photo_set.part(row["image"]) == args.part]
    photos = [data / "dog-pool/images" / row["image"] for row in pool]
    truth = [[h for h in row["heads"] if h[2] - h[0] >= 64] for row in pool]
    # The product names one face, so it is asked where the teacher sees one.
    single = [(photo, heads[0]) for photo, heads in zip(photos, truth) if len(heads) == 1]
    thresholds = [0.0] if args.part == "test" else np.arange(-0.6, 0.21, 0.1)
    lowest = float(min(thresholds))
    rows = detect(args, "student", photos, lowest)
    scenes = sorted((data / "dog-scenes").glob("*.jpg"))
    lax = detect(args, "teacher", scenes, -0.7, pictures.SCENE)
    with tempfile.TemporaryDirectory() as folder:
        # Scenes are few: the threshold is chosen on persons alone, and the test has both.
        paths = pictures.negatives(data, args.part, Path(folder), lax if args.part == "test" else [])
        dogless = detect(args, "student", paths, lowest)
        if args.product:
            report_product(args.product, *zip(*single), paths, Path(folder))
        report_small(args, *pictures.small_heads(*zip(*single), lax, Path(folder)))
        print("teacher:", sum(len(r["heads"]) for r in detect(args, "teacher", paths)), "false on the dogless photos")
    for threshold in thresholds:
        print(report(rows, truth, dogless, threshold))
    if args.part == "test":
        report_time(args, scenes)


if __name__ == "__main__":
    main()
