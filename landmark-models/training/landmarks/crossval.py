"""The error table over all folds, with bootstrap intervals: crossval.py DATA FOLDER

Predicts as the product does: in jittered chips, each as it is and mirrored, then with the face bent towards the mean.
"""
import sys
from pathlib import Path

import numpy as np
import torch

import faces as face_set
import net as network
from looks import in_rounds, mean_shape
from train import FOLDS, GROUPS


def fold_errors(path, faces, mean):
    """Faces × points over the interocular distance (NaN where hidden), and the spread of the predictions."""
    net = network.load(path)
    errors, spreads = [], []
    for face in faces:
        first, found = in_rounds(net, face, mean)
        seen = first.mean(0)
        far = np.linalg.norm(found - face.points, axis=1) / face.interocular
        errors.append(np.where(face.visible, far, np.nan))
        interocular = np.linalg.norm(seen[0:4].mean(0) - seen[4:8].mean(0))
        spreads.append(np.sqrt(((first - seen) ** 2).sum(2).mean()) / interocular)
    return np.array(errors), np.array(spreads)


def interval(values, rng, figure=np.mean):
    draws = [figure(values[rng.integers(len(values), size=len(values))]) for _ in range(2000)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{figure(values):5.2f} [{low:.2f}, {high:.2f}]"


def main():
    data, folder = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    faces = list(face_set.dogs(data))
    parts = [[f for f in faces if face_set.fold(f, FOLDS) == k] for k in range(FOLDS)]
    mean = mean_shape(faces)
    found = [fold_errors(folder / f"fold{k}.pt", part, mean) for k, part in enumerate(parts) if (folder / f"fold{k}.pt").exists()]
    done = [part for k, part in enumerate(parts) if (folder / f"fold{k}.pt").exists()]
    errors = 100 * np.concatenate([e for e, _ in found])
    spreads = np.concatenate([s for _, s in found])
    yaw = np.array([face.yaw for part in done for face in part])
    print(f"{len(found)} folds, {len(errors)} faces; NME in %, mean and 95 % interval")
    with np.errstate(all="ignore"):
        for name, points in GROUPS.items():
            nme = np.nanmean(errors[:, points], axis=1)
            nme = nme[~np.isnan(nme)]
            print(f"| {name} | {len(nme)} | {interval(nme, rng)} | {np.median(nme):.2f} |")
        nme = np.nanmean(errors, axis=1)
        for name in ("front", "slight", "strong"):
            print(f"| {name} | {(yaw == name).sum()} | {interval(nme[yaw == name], rng)} | {np.median(nme[yaw == name]):.2f} |")
    print(f"| above 15 % | {len(nme)} | {interval(100.0 * (nme > 15), rng)} | |")
    print(f"spread against NME: r = {np.corrcoef(spreads, nme)[0, 1]:.2f}")
    for limit in (0.01, 0.015, 0.02, 0.03, 0.04, 0.06):
        kept = spreads <= limit
        print(f"| {100 * limit:.1f} % | {100 * kept.mean():.0f} % | {nme[kept].mean():.2f} | {100 * (nme[kept] > 15).mean():.1f} % |")


if __name__ == "__main__":
    main()
