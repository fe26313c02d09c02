"""Writes what a teacher sees in boxes that `mungpy extract --json` found: the lessons of the student.

Dogs are looked at in three jittered boxes, each as it is and mirrored, and then as often with the face warped towards
the mean face. Persons are looked at in the box and then in the aligned chip, as it is and mirrored.
"""

import argparse
import json
from pathlib import Path

import onnxruntime
import torch

from mungpy_training.files import read_lines, read_rgb
from mungpy_training.landmarking import LANDMARKS
from mungpy_training.landmarks import network
from mungpy_training.landmarks.faces import Face
from mungpy_training.landmarks.persons import box_of
from mungpy_training.landmarks.prediction import predict_aligned, predict_in_rounds

ROUNDS = (3, 3)  # jittered boxes of each round of looks at a dog


class Teacher:
    """A teacher as mungpy_training.landmarks.export wrote it."""

    side, unit = network.SIDE, network.UNIT

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, chips):
        """The scores of each cell."""
        (maps,) = self.session.run(["heatmaps"], {"chips": chips.numpy()})
        return torch.from_numpy(maps)


def landmarks_of(teacher, species, row):
    """The 16 landmarks of a record's face, in pixels of the photo."""
    face = Face(read_rgb(row["photo"]), box_of(row), row["landmarks"], [True] * LANDMARKS, row["photo"])
    if species == "person":
        return predict_aligned(teacher, face)
    return predict_in_rounds(teacher, face, ROUNDS)[1]


def main():
    """Looks at every face that was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", metavar="TEACHER.onnx")
    parser.add_argument("species", choices=["dog", "person"])
    parser.add_argument("found", metavar="FOUND.jsonl")
    parser.add_argument("out", type=Path, metavar="LESSONS.jsonl")
    args = parser.parse_args()
    torch.set_num_threads(1)
    teacher = Teacher(args.network)
    with args.out.open("w") as lines:
        for row in read_lines(args.found):
            if "face" in row and not row["turned"]:
                row["landmarks"] = landmarks_of(teacher, args.species, row).tolist()
                lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
