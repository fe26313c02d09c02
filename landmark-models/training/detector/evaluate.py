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

import cv2
import numpy as np

import photos as photo_set


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


def negatives(data, part, folder, teacher_heads):
    """Photos that certainly show no dog: persons, enlarged and as a mosaic, and dogless crops of scenes."""
    rng, paths, side = np.random.default_rng(5), [], photo_set.SIDE
    frames = [p for d in sorted((data / "people").iterdir()) if d.is_dir() and photo_set.part(d.name) == part
              for p in sorted(d.glob("*.jpg"))[:3]]

    def keep(image):
        paths.append(folder / f"{len(paths):04}.png")
        cv2.imwrite(str(paths[-1]), image)

    for path in frames:
        keep(cv2.resize(cv2.imread(str(path)), (side, side)))
    for _ in range(len(frames) // 2):
        tiles = [cv2.resize(cv2.imread(str(frames[i])), (side // 2, side // 2)) for i in rng.choice(len(frames), 4)]
        keep(np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])]))
    for row in teacher_heads:
        for image in empty_crops(row, rng):
            keep(cv2.resize(image, (side, side)))
    return paths


def empty_crops(row, rng, tries=20, most=4):
    """Square crops away from everything that the teacher, set to be lax, takes for a head."""
    image = cv2.imread(row["image"])
    height, width = image.shape[:2]
    found = 0
    for _ in range(tries):
        size = int(rng.uniform(0.25, 0.5) * min(height, width))
        x, y = int(rng.integers(width - size)), int(rng.integers(height - size))
        if all(x > h[2] or x + size < h[0] or y > h[3] or y + size < h[1] for h in row["heads"]):
            yield image[y : y + size, x : x + size]
            found += 1
        if found == most:
            return


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


def report_product(mungpy, photos, truth, dogless):
    """Recall is over photos in which the teacher sees one head: the product names one."""
    single = [(photo, heads[0]) for photo, heads in zip(photos, truth) if len(heads) == 1]
    found = extracted(mungpy, [photo for photo, _ in single])
    hits = sum(f is not None and iou(head, f[0]) >= 0.5 for f, (_, head) in zip(found, single))
    false = [f for f in extracted(mungpy, dogless) if f]
    print(f"product: recall {wilson(hits, len(single))}, {len(false)} faces in {len(dogless)} dogless photos, "
          f"{sum(usable for _, usable in false)} of them usable")


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
    truth = [[h for h in row["heads"] if h[2] - h[0] >= 64] for row in pool]
    thresholds = [0.0] if args.part == "test" else np.arange(-0.6, 0.21, 0.1)
    lowest = float(min(thresholds))
    rows = detect(args, "student", [data / "dog-pool/images" / row["image"] for row in pool], lowest)
    scenes = sorted((data / "dog-scenes").glob("*.jpg"))
    lax = detect(args, "teacher", scenes, -0.7, 640)
    with tempfile.TemporaryDirectory() as folder:
        # Scenes are few: the threshold is chosen on persons alone, and the test has both.
        paths = negatives(data, args.part, Path(folder), lax if args.part == "test" else [])
        dogless = detect(args, "student", paths, lowest)
        if args.product:
            report_product(args.product, [data / "dog-pool/images" / row["image"] for row in pool], truth, paths)
        print("teacher:", sum(len(r["heads"]) for r in detect(args, "teacher", paths)), "false on the dogless photos")
    for threshold in thresholds:
        print(report(rows, truth, dogless, threshold))
    for side in (384, 768) if args.part == "test" else ():
        for kind in ("teacher", "student"):
            found = detect(args, kind, scenes, 0.0, side)
            print(f"{kind} at {side} px: heads in {sum(bool(r['heads']) for r in found)} of {len(found)} scenes, "
                  f"{sum(len(r['heads']) for r in found)} heads, median {np.median([r['ms'] for r in found]):.0f} ms")


if __name__ == "__main__":
    main()
