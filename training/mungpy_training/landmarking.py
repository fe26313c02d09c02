"""The constants of landmarking, which the program reads from the same file."""

import tomllib
from pathlib import Path

FILE = Path(__file__).parents[2] / "landmark-models" / "landmarking.toml"
_TABLES = tomllib.loads(FILE.read_text(encoding="utf-8"))

MIRROR_ORDER: list[int] = _TABLES["landmarks"]["mirror_order"]
LANDMARKS = len(MIRROR_ORDER)

CHIP_SIDE: int = _TABLES["chip"]["side"]
CHIP_REACH: float = _TABLES["chip"]["reach"]
CHIP_DROP: float = _TABLES["chip"]["drop"]

INPUT_MEAN: float = _TABLES["input"]["mean"]
INPUT_UNIT: float = _TABLES["input"]["unit"]

CELL: int = _TABLES["heatmap"]["cell"]

JITTERS: list[tuple[float, float, float]] = [tuple(jitter) for jitter in _TABLES["boxes"]["jitters"]]

DOG_REACH: float = _TABLES["dogs"]["reach"]
DOG_LOOKS: list[tuple[float, float, float]] = [tuple(jitter) for jitter in _TABLES["dogs"]["looks"]]

CENTROID_SIZE: float = _TABLES["alignment"]["centroid_size"]
CENTROID_RISE: float = _TABLES["alignment"]["centroid_rise"]
