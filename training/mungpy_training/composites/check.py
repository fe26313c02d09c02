"""Checks that dlib finds each composite once, and the landmarks of persons where they should be."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from mungpy_training.files import read_lines
from mungpy_training.shapes import interocular_distance, to_16

DOG_CONFIDENCE = 0.9
PERSON_CONFIDENCE = 1.0
LANDMARK_ERROR = 4.0  # highest NME: mean over the 16 landmarks in % of the interocular distance


def run(tool, mode, model, data, photos):
    """The detections of each photo as lists of numbers, the confidence first."""
    names = "".join(f"{photo}\n" for photo in photos)
    printed = subprocess.run(
        [tool.resolve(), mode, model.resolve()], cwd=data, input=names, text=True, capture_output=True, check=True
    ).stdout
    rows = (line.split("\t") for line in printed.splitlines())
    return {name: [list(map(float, d.split())) for d in found] for name, _, *found in rows}


def check_dog(line, found):
    """Whether a dog was found well, and what to print."""
    if len(found) != 1:
        return False, f"{len(found)} heads"
    confidence, left, top, right, bottom = found[0]
    face = np.array(line["landmarks"]).mean(0)
    inside = left < face[0] < right and top < face[1] < bottom
    text = f"confidence {confidence:.3f}, head {right - left:.0f} px"
    return inside and confidence >= DOG_CONFIDENCE, text


def check_person(line, found):
    """Whether a person was found well, and what to print."""
    if len(found) != 1:
        return False, f"{len(found)} faces"
    confidence, *numbers = found[0]
    seen, built = to_16(np.array(numbers).reshape(68, 2)), np.array(line["landmarks"])
    errors = 100 * np.linalg.norm(seen - built, axis=1) / interocular_distance(built)
    off = f"landmarks off by {errors.mean():.1f} %, at most {errors.max():.1f} %"
    text = f"confidence {confidence:.2f}, {off}"
    return confidence >= PERSON_CONFIDENCE and errors.mean() <= LANDMARK_ERROR, text


def main():
    """Checks all composites."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder tests/data")
    parser.add_argument("--tool", type=Path, required=True, help="compiled native/dlib_tool.cc")
    parser.add_argument("--dog-model", type=Path, required=True, help="dogHeadDetector.dat")
    parser.add_argument("--predictor", type=Path, required=True, help="shape_predictor_68_face_landmarks.dat")
    args = parser.parse_args()
    lines = read_lines(args.data / "composites.jsonl")
    failed = 0
    for species, mode, model, check in (
        ("dog", "dogs", args.dog_model, check_dog),
        ("person", "persons", args.predictor, check_person),
    ):
        mine = [line for line in lines if line["species"] == species]
        found = run(args.tool, mode, model, args.data, [line["photo"] for line in mine])
        for line in mine:
            good, text = check(line, found[line["photo"]])
            failed += not good
            print("ok  " if good else "FAIL", line["photo"], text)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
