"""Writes a trained student's weights for native/convert.cc, for dogs with the threshold of the face score taken off.

The threshold is the face score that all but LOST of the faces of the tuning part exceed. As in the program, a face
score is the sum over the chip and its mirror image.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from mungpy_training import weights
from mungpy_training.detector.photos import load, part
from mungpy_training.files import read_lines
from mungpy_training.landmarking import DOG_REACH
from mungpy_training.landmarks import faces as face_set
from mungpy_training.landmarks import student

LOST = 0.005  # share of the faces


def boxes(data, candidates):
    """Photo, box, part of the split, whether it is a dog's face: of the candidates and of the marked dogs."""
    for row in read_lines(candidates):
        yield load(row["photo"]), row["box"], row["part"], row["dog"]
    for face in face_set.dogs(data / "dog-faces"):
        yield face.image, face.box, part(face.name), True


def face_score(net, image, box):
    """The mean face score of the chip of a box and of its mirror image."""
    chip = face_set.cut(image, face_set.chip_matrix(box, reach=DOG_REACH))
    inputs = np.stack([face_set.normalised(seen) for seen in (chip, chip[:, ::-1])])
    with torch.no_grad():
        return student.parts(net(torch.from_numpy(inputs)))[1].mean().item()


def calibrate(net, data, candidates):
    """Takes the threshold off the face score, and prints how well it does."""
    found = [(where, dog, face_score(net, image, box)) for image, box, where, dog in boxes(data, candidates)]
    parts, dogs, scores = (np.array(column) for column in zip(*found, strict=True))
    threshold = np.quantile(scores[(parts == "tune") & dogs], LOST)
    for where in ("train", "tune", "test"):
        s, d = scores[parts == where] > threshold, dogs[parts == where]
        print(f"{where}: {s[d].sum()} of {d.sum()} faces, {s[~d].sum()} of {(~d).sum()} others taken for a dog's face")
    with torch.no_grad():
        net.heads.bias[student.SCORE] -= threshold


def main():
    """Writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="IN.pt")
    parser.add_argument("target", type=Path, metavar="OUT.weights")
    parser.add_argument("--data", type=Path, help="folder of dog-faces")
    parser.add_argument("--boxes", metavar="BOXES.jsonl", help="what mungpy_training.face_score.candidates wrote")
    args = parser.parse_args()
    torch.set_num_threads(1)
    net = student.load(args.source)
    if args.boxes:
        calibrate(net, args.data, args.boxes)
    weights.save(net, args.target)


if __name__ == "__main__":
    main()
