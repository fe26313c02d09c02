"""Reads records and photos."""

import json
from pathlib import Path

import cv2
import numpy as np


def read_lines(path):
    """The records of a file with one JSON object in each line."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def read_rgb(path):
    """A photo as height × width × 3 bytes."""
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
