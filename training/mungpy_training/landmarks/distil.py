"""Trains the student: first on what the teacher sees in many photos, then on marked faces.

The teacher's landmarks are the mean of all its looks at a photo as it is. Chips are varied afterwards, and the
landmarks move with them, so the student sees them from everywhere at no further cost.
"""

import argparse
import copy
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from mungpy_training.detector.distil import rate
from mungpy_training.landmarking import CHIP_REACH, DOG_REACH
from mungpy_training.landmarks import lessons, patches, student
from mungpy_training.landmarks.train import FOLDS, follow, loss_of

SCORE_WEIGHT = 0.15  # of the face score in the loss
KEEP = 0.998  # of the averaged weights in each step


def sample_batch(faces, empties, args, rng):
    """Varied chips: inputs, landmarks, visibility, which show a face, and of which the face score is trained."""
    blank = int(args.empty * args.batch) if empties else 0
    chosen = [faces[i] for i in rng.integers(len(faces), size=args.batch - blank)]
    chosen += [empties[i] for i in rng.integers(len(empties), size=blank)] if blank else []
    reach = DOG_REACH if args.species == "dog" else CHIP_REACH
    chips = [patches.sample(patch, faces, rng, reach, args.warped) for patch in chosen]
    images, points, visible = (torch.from_numpy(np.stack(part)) for part in zip(*chips, strict=True))
    shown = torch.tensor([patch.points is not None for patch in chosen])
    return images, points, visible, shown, torch.tensor([patch.is_judged for patch in chosen])


def loss_of_batch(maps, points, visible, shown, judged, score_weight=SCORE_WEIGHT):
    """The loss of the landmarks of the chips with a face, and that of the face scores."""
    scores, face_scores = student.parts(maps)
    marks = points[shown]
    interocular = (marks[:, 0:4].mean(1) - marks[:, 4:8].mean(1)).norm(dim=-1)
    seen = functional.binary_cross_entropy_with_logits(face_scores[judged], shown[judged].float())
    return loss_of(scores[shown], marks, visible[shown], interocular) + score_weight * seen


def train(faces, empties, args):
    """The network with averaged weights, trained for the given time. The next chips are made meanwhile."""
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    layout = torch.channels_last  # with bfloat16 below: twice as fast where the CPU has it
    net = student.load(args.start) if args.start else student.Student()
    net = net.to(memory_format=layout).train()
    average = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=1e-4)
    chips = ThreadPoolExecutor(1)
    coming = chips.submit(sample_batch, faces, empties, args, rng)
    start, step, losses = time.monotonic(), 0, []
    while (now := (time.monotonic() - start) / (60 * args.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate(now, args.rate)
        images, *wanted = coming.result()
        coming = chips.submit(sample_batch, faces, empties, args, rng)
        with torch.autocast("cpu", torch.bfloat16):
            maps = net(images.to(memory_format=layout)).float()
        loss = loss_of_batch(maps, *wanted, args.score_weight)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2)
        optimiser.step()
        follow(average, net, min(KEEP, 1 - 1 / (step + 1)))
        losses.append(loss.item())
        step += 1
        if step % 500 == 0:
            print(f"{100 * now:5.1f} %  step {step}  loss {np.mean(losses[-500:]):.4f}", flush=True)
            torch.save(average.state_dict(), args.out)
    torch.save(average.state_dict(), args.out)
    return average


def main():
    """Trains as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of dog-faces, people and so on")
    parser.add_argument("species", choices=["dog", "person"])
    parser.add_argument("found", metavar="FOUND.jsonl", help="what `mungpy extract --json` with the teacher printed")
    parser.add_argument("out", metavar="OUT.pt")
    parser.add_argument("--boxes", metavar="BOXES.jsonl", help="what mungpy_training.face_score.candidates wrote")
    parser.add_argument("--marked", type=float, default=0, help="share of the marked faces among the dogs")
    parser.add_argument("--fold", type=int, help=f"number of the fold of marked faces to leave out, 0 to {FOLDS - 1}")
    parser.add_argument("--start", metavar="IN.pt", help="network to go on from")
    parser.add_argument("--minutes", type=float, default=40, help="of training")
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--warped", type=float, default=1, help="factor of the shares of warped chips")
    parser.add_argument("--empty", type=float, default=0.2, help="share of the chips that show no face")
    parser.add_argument("--score-weight", type=float, default=SCORE_WEIGHT, help="of the face score in the loss")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(0)
    faces, empties = lessons.of(args)
    print(f"{len(faces)} faces, {len(empties)} boxes without a face", flush=True)
    train(faces, empties, args)


if __name__ == "__main__":
    main()
