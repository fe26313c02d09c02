"""Prints the errors over all folds of the cross-validation, with bootstrap intervals.

It predicts as the program does: in jittered chips, each as it is and mirrored.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from mungpy_training.landmarks import faces as face_set
from mungpy_training.landmarks import student
from mungpy_training.landmarks.prediction import looks
from mungpy_training.landmarks.train import FOLDS, GROUPS, relative_errors
from mungpy_training.shapes import interocular_distance

RESAMPLES = 2000  # of the bootstrap
LIMITS = (0.01, 0.015, 0.02, 0.03, 0.04, 0.06)  # of the disagreement


def disagreement(predictions):
    """Root mean square distance of the predictions from their mean, over the interocular distance."""
    mean = predictions.mean(0)
    return np.sqrt(((predictions - mean) ** 2).sum(2).mean()) / interocular_distance(mean)


def evaluate(path, faces):
    """The relative errors (faces × landmarks) of the network of one fold, and the disagreement for each face."""
    net = student.load(path)
    found = [looks(net, face) for face in faces]
    errors = [relative_errors(face, seen.mean(0)) for face, seen in zip(faces, found, strict=True)]
    return np.array(errors), np.array([disagreement(seen) for seen in found])


def interval(values, rng, figure=np.mean):
    """A figure of the values with its 95 % bootstrap interval."""
    samples = [figure(values[rng.integers(len(values), size=len(values))]) for _ in range(RESAMPLES)]
    low, high = np.percentile(samples, [2.5, 97.5])
    return f"{figure(values):5.2f} [{low:.2f}, {high:.2f}]"


def print_tables(errors, disagreements, yaw, rng):
    """NME in percent by group of landmarks and by yaw, and what a limit on the disagreement keeps."""
    with np.errstate(all="ignore"):
        for name, points in GROUPS.items():
            nme = np.nanmean(errors[:, points], axis=1)
            nme = nme[~np.isnan(nme)]
            print(f"| {name} | {len(nme)} | {interval(nme, rng)} | {np.median(nme):.2f} |")
        nme = np.nanmean(errors, axis=1)
    for name in ("front", "slight", "strong"):
        part = nme[yaw == name]
        print(f"| {name} | {len(part)} | {interval(part, rng)} | {np.median(part):.2f} |")
    print(f"| above 15 % | {len(nme)} | {interval(100.0 * (nme > 15), rng)} | |")
    print(f"disagreement against NME: r = {np.corrcoef(disagreements, nme)[0, 1]:.2f}")
    for limit in LIMITS:
        kept = disagreements <= limit
        share, high = 100 * kept.mean(), 100 * (nme[kept] > 15).mean()
        print(f"| {100 * limit:.1f} % | {share:.0f} % | {nme[kept].mean():.2f} | {high:.1f} % |")


def main():
    """Evaluates all folds that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder dog-faces")
    parser.add_argument("folder", type=Path, help="folder of fold0.pt, fold1.pt, …")
    args = parser.parse_args()
    torch.set_num_threads(1)
    faces = list(face_set.dogs(args.data))
    parts, found = [], []
    for number in range(FOLDS):
        path = args.folder / f"fold{number}.pt"
        if path.exists():
            parts.append([face for face in faces if face_set.fold(face, FOLDS) == number])
            found.append(evaluate(path, parts[-1]))
    errors = 100 * np.concatenate([errors for errors, _ in found])
    disagreements = np.concatenate([disagreements for _, disagreements in found])
    yaw = np.array([face.yaw for part in parts for face in part])
    print(f"{len(found)} folds, {len(errors)} faces; NME in %, mean and 95 % interval")
    print_tables(errors, disagreements, yaw, np.random.default_rng(1))


if __name__ == "__main__":
    main()
