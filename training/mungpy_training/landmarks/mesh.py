"""Finds the 16 landmarks of persons with MediaPipe's face mesh (Apache License 2.0), the teacher of the network.

It takes the median over three chips, each as it is and mirrored, in pixels of the photo. It leaves out faces that the
mesh sees in fewer than three of the six. MediaPipe needs an environment of its own.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from mungpy_training.files import read_lines, read_rgb
from mungpy_training.landmarks.persons import box_of, name_of
from mungpy_training.shapes import apply_inverse, mirrored

# Of the mesh's 468 points, those nearest to the 16.
POINTS = [33, 159, 133, 145, 362, 386, 263, 374, 64, 4, 294, 2, 61, 0, 291, 152]
SIDE = 384  # of a chip for the mesh; pixels
# Shift of the chip in x and y and its side; sides of the box.
CHIPS = [(0, 0, 1.9), (0, -0.04, 1.8), (0.04, 0.03, 2.0)]
FEWEST = 3  # chips in which the mesh must see a face


def predict_chip(mesh, chip):
    """The 16 landmarks in pixels of the chip, or None."""
    faces = mesh.process(np.ascontiguousarray(chip)).multi_face_landmarks
    if not faces:
        return None
    # The mesh counts from the edge of the chip, not from the centre of its first pixel.
    return np.array([[faces[0].landmark[i].x * SIDE, faces[0].landmark[i].y * SIDE] for i in POINTS]) - 0.5


def chip_matrix(box, shift, reach):
    """The 2 × 3 matrix from pixels of the image to pixels of a chip for the mesh."""
    left, top, right, bottom = box
    side = (right - left + bottom - top) / 2
    zoom = SIDE / (side * reach)
    centre = np.array([left + right, top + bottom]) / 2 + np.array(shift) * side
    return np.c_[zoom * np.eye(2), SIDE / 2 - zoom * centre]


def predict(mesh, image, box):
    """The 16 landmarks in pixels of the image, or None."""
    found = []
    for dx, dy, reach in CHIPS:
        matrix = chip_matrix(box, (dx, dy), reach)
        chip = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        direct, mirror_image = predict_chip(mesh, chip), predict_chip(mesh, chip[:, ::-1])
        if direct is not None:
            found.append(apply_inverse(matrix, direct))
        if mirror_image is not None:
            found.append(apply_inverse(matrix, mirrored(mirror_image, SIDE)))
    return np.median(found, 0) if len(found) >= FEWEST else None


def main():
    """Looks at every face that was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=Path, help="folder people")
    parser.add_argument("found", metavar="FOUND.jsonl", help="what `mungpy extract --species person --json` printed")
    parser.add_argument("out", type=Path, metavar="OUT.jsonl")
    args = parser.parse_args()
    import mediapipe

    mesh = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3
    )
    with args.out.open("w") as lines:
        for row in read_lines(args.found):
            if "face" not in row:
                continue
            points = predict(mesh, read_rgb(args.people / name_of(row)), box_of(row))
            if points is not None:
                lines.write(json.dumps({"photo": name_of(row), "landmarks": points.tolist()}) + "\n")


if __name__ == "__main__":
    main()
