"""Prints the features of the mean of the marked dogs: `MEAN_DOG_FEATURES` in shapes.py."""

import argparse

import numpy as np

from mungpy_training.files import read_lines
from mungpy_training.shapes import features, symmetric_shape


def mean_features(points_of_faces):
    """The features of the mean symmetric shape."""
    mean = np.mean([symmetric_shape(points)[0] for points in points_of_faces], 0)
    return features(mean / np.linalg.norm(mean))


def main():
    """Reads the marks and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder dog-faces")
    rows = read_lines(f"{parser.parse_args().data}/landmarks.jsonl")
    found = mean_features([np.array(row["landmarks"], np.float64) for row in rows])
    print(f"{len(rows)} faces:", ", ".join(f"{value:.3f}" for value in found))


if __name__ == "__main__":
    main()
