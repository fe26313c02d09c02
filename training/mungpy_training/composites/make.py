"""Makes the composite faces that the demo and the tests use (see README.md)."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mungpy_training.composites import blend, sources
from mungpy_training.composites.choose import Pool, place
from mungpy_training.composites.proportions import RATIOS, mean_shape, upright
from mungpy_training.composites.recipes import AXES, DOGS, PERSONS, ZOOM
from mungpy_training.composites.stretch import with_ratio
from mungpy_training.shapes import mirrored, to_16


@dataclass(frozen=True)
class Setting:
    """How the composites of one species are made."""

    size: int  # side of the picture in pixels
    share: float  # the face's unit length over that side
    drop: float  # how far the face sits below the middle, over that side
    count: int  # different faces in one composite
    shortlist: int  # faces near in proportions, from which the count is chosen
    restore: float  # limit of the gain that restores contrast
    reach: tuple  # limits of the flow in pixels: at the landmarks, away from them
    tone: tuple  # see blend.finish


DOG = Setting(360, 0.260, 0.05, 10, 80, 2.0, (3.0, 10.0), (66, 0.4, 1.12, 1.2))
PERSON = Setting(400, 0.300, 0.04, 20, 56, 2.2, (2.5, 8.0), (64, 0.5, 1.12, 0.9))
EYE_GAP_STEP = 1.2  # factor of the gap between the inner corners in the second picture to measure
QUALITY = 88  # of the JPEG files


def pool_of(faces):
    """The pool of the faces of one species."""
    return Pool(faces, mean_shape([f.points for f in faces]), *sources.statistics(faces))


def target_shape(faces, pool, wanted):
    """The group's own mean shape with the wanted ratios at the wanted deviation."""
    shape = mean_shape([f.points for f in faces])
    for _ in range(4):  # one ratio's change touches the others through the unit length
        for ratio, deviation in wanted.items():
            index = RATIOS.index(ratio)
            shape = with_ratio(shape, ratio, pool.median[index] + deviation * pool.sigma[index])
    return upright((shape + mirrored(shape)) / 2)


def make(pool, wanted, setting, zoom=1.0):
    """One composite: the picture, its landmarks in pixels and the number of different faces in it."""
    faces = pool.choose(wanted, setting.count, setting.shortlist)
    shape = target_shape(faces, pool, wanted)
    target = place(shape, setting.size, setting.share * zoom, setting.drop)
    both = faces + [f.flip() for f in faces]
    picture = blend.composite(both, target, setting.size, setting.restore, setting.reach, setting.tone)
    return picture, to_16(target), len(faces)


def widen_eye_gap(picture, landmarks):
    """Moves both eyes apart, as they are, until the gap is EYE_GAP_STEP times as wide."""
    moved = landmarks.copy()
    shift = (EYE_GAP_STEP - 1) * (landmarks[4, 0] - landmarks[2, 0]) / 2
    moved[0:4, 0] -= shift
    moved[4:8, 0] += shift
    rings = np.vstack([ring(landmarks[e]) for e in (range(0, 4), range(4, 8))])
    side = np.sign(rings[:, :1] - landmarks[:, 0].mean()) * [shift, 0.0]
    size = picture.shape[0]
    still = blend.anchors(size, landmarks)
    lookup = blend.spline_map(
        size, np.vstack([moved, rings + side, still]), np.vstack([landmarks, rings, still]), fixed=np.zeros((0, 2))
    )
    warped = cv2.remap(
        picture.astype(np.float32), lookup[..., 0], lookup[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.clip(warped, 0, 255), moved


def ring(eye):
    """Points around an eye that move with it, so that lids and lashes do too."""
    centre, radius = eye.mean(0), 0.75 * np.ptp(eye[:, 0])
    angles = np.arange(8) * (np.pi / 4)
    return centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)


class Writer:
    """Writes the pictures, and at the end what is known of them."""

    def __init__(self, out):
        self.out, self.lines = out, []

    def write(self, name, species, picture, landmarks, count):
        """Writes one composite."""
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.round(picture).astype(np.uint8)
        cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        marks = [[round(float(x), 2), round(float(y), 2)] for x, y in landmarks]
        line = {"photo": name, "species": species, "landmarks": marks, "sources": count}
        self.lines.append(line)
        print(name, path.stat().st_size // 1024, "KiB")

    def close(self):
        """Writes the list of composites and the catalogue of the dogs."""
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        (self.out / "composites.jsonl").write_text(text, encoding="utf-8")
        rows = [f"{dog},{dog}.jpg,{traits}" for dog, (_, traits) in DOGS.items()]
        table = "\n".join([f"dogId,imageId,{AXES}"] + rows) + "\n"
        (self.out / "dogs" / "dogs.csv").write_text(table, encoding="utf-8")


def main():
    """Makes all composites."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="has dog-faces/ and people/")
    parser.add_argument("--out", type=Path, required=True, help="the folder tests/data")
    parser.add_argument("--marks", type=Path, required=True, help="what `dlib_tool persons` printed")
    args = parser.parse_args()
    writer = Writer(args.out)
    pool = pool_of(sources.dogs(args.data))
    print(len(pool.faces), "dogs")
    picture, landmarks, count = make(pool, {}, DOG)
    writer.write("measure/base.jpg", "dog", picture, landmarks, count)
    writer.write("measure/base-eye-gap-120.jpg", "dog", *widen_eye_gap(picture, landmarks), count)
    for name, (wanted, _) in DOGS.items():
        made = make(pool, wanted, DOG, ZOOM.get(name, 1.0))
        writer.write(f"dogs/{name}.jpg", "dog", *made)

    pool = pool_of(sources.persons(args.data, args.marks))
    print(len(pool.faces), "persons")
    for name, wanted in PERSONS.items():
        writer.write(f"persons/{name}.jpg", "person", *make(pool, wanted, PERSON))
    writer.close()


if __name__ == "__main__":
    main()
