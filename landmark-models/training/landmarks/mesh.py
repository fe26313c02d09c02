"""The 16 landmarks of every boxed face by MediaPipe's face mesh (Apache License 2.0).

mesh.py PEOPLE FOUND.jsonl OUT.jsonl

FOUND are lines of `mungpy extract --species person --json`. The median over three chips, each as it is and mirrored, in
pixels of the photo; faces that the mesh sees in less than three of the six are left out.
"""
import json
import sys
from pathlib import Path

import cv2
import mediapipe
import numpy as np

# Of the mesh's 468 points, those nearest to the 16.
POINTS = [33, 159, 133, 145, 362, 386, 263, 374, 64, 4, 294, 2, 61, 0, 291, 152]
# As in faces.py, which cannot be read here: mediapipe wants an environment of its own.
MIRRORED = [6, 5, 4, 7, 2, 1, 0, 3, 10, 9, 8, 11, 14, 13, 12, 15]
SIDE = 384  # of a chip, pixels
# Shift of the chip in x and y and its side, in sides of the face box.
CHIPS = [(0, 0, 1.9), (0, -0.04, 1.8), (0.04, 0.03, 2.0)]


def seen(mesh, chip):
    """The 16 points in pixels of the chip, or None."""
    faces = mesh.process(np.ascontiguousarray(chip)).multi_face_landmarks
    if not faces:
        return None
    return np.array([[faces[0].landmark[i].x * SIDE, faces[0].landmark[i].y * SIDE] for i in POINTS])


def landmarks(mesh, image, box):
    side = (box["right"] - box["left"] + box["bottom"] - box["top"]) / 2
    middle = np.array([box["left"] + box["right"], box["top"] + box["bottom"]]) / 2
    found = []
    for dx, dy, reach in CHIPS:
        zoom = SIDE / (side * reach)
        shift = SIDE / 2 - zoom * (middle + np.array([dx, dy]) * side)
        matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        chip = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        direct, mirrored = seen(mesh, chip), seen(mesh, chip[:, ::-1])
        if mirrored is not None:
            mirrored = (np.array([SIDE, 0]) + np.array([-1, 1]) * mirrored)[MIRRORED]
        found += [(points - 0.5 - shift) / zoom for points in (direct, mirrored) if points is not None]
    return np.median(found, 0) if len(found) >= 3 else None


def main():
    people, found, out = sys.argv[1:]
    mesh = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3)
    with open(out, "w") as lines:
        for row in map(json.loads, Path(found).read_text().splitlines()):
            name = "/".join(row["photo"].split("/")[-2:])
            if "face" in row:
                image = cv2.imread(str(Path(people) / name))[:, :, ::-1]
                points = landmarks(mesh, image, row["face"])
                if points is not None:
                    lines.write(json.dumps({"photo": name, "landmarks": points.tolist()}) + "\n")


if __name__ == "__main__":
    main()
