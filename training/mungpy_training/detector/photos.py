"""The photos, their split, and the windows of dlib's tiled pyramids that the student learns from."""

import json
import zlib
from pathlib import Path

import cv2
import numpy as np

SIDE = 384  # long side of a photo for the teacher and in the program's first pass; pixels
HEAD = 80  # side of a head for which the detector is made; pixels of a pyramid level
WINDOW = 160  # side of a window on the tiled pyramid; pixels
GAP = 10  # dlib's padding between two levels of the pyramid; pixels
RIM = 11  # dlib's padding around all levels; pixels
WINDOWS = 4  # of one tiled pyramid in a batch
STEP = 5 / 6  # between two levels: dlib's pyramid_down<6>
MEAN = np.array([122.782, 117.001, 104.298], np.float32)  # of dlib's input_rgb_image_pyramid


def part(name):
    """The part of the split that a name belongs to: "test" (20 %), "tune" (10 %, for thresholds) or "train"."""
    bucket = zlib.crc32(name.encode()) % 100
    return "test" if bucket < 20 else "tune" if bucket < 30 else "train"


def load(path, side=SIDE):
    """A photo in RGB with its long side scaled to `side` pixels."""
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    scale = side / max(image.shape[:2])
    if scale == 1:
        return image
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=how)


def sizes(width, height):
    """The width and height of each level of the pyramid."""
    found = [(width, height)]
    while True:
        width, height = int(width * STEP), int(height * STEP)
        if width == 0 or height < 5:
            return found
        found.append((width, height))


def layout(levels):
    """The upper left corners of the levels and the size of the whole, as dlib tiles them (image_pyramid.h)."""
    first_width, first_height = levels[0]
    total = sum(h + GAP for _, h in levels) - 2 * GAP
    height, before = 0, 0
    for width, level_height in levels:
        if width <= first_width - before - GAP and (height - first_height) * 2 >= total - first_height:
            break
        height += level_height + GAP
        before = width
    height -= GAP
    corners, y = [], RIM
    for _, level_height in levels:
        if y >= height + RIM:
            break
        corners.append((RIM, y))
        y += level_height + GAP
    y -= GAP
    for width, level_height in levels[len(corners) :]:
        left, top = RIM + first_width - width, y - level_height
        if top < RIM + first_height:
            break
        corners.append((left, top))
        y = top - GAP
    return corners, (first_width + 2 * RIM, height + 2 * RIM)


def tiled(image):
    """The tiled pyramid with -1 in the gaps, and the upper left corners of its levels."""
    levels = sizes(image.shape[1], image.shape[0])
    corners, (width, height) = layout(levels)
    canvas = np.full((height, width, 3), -1, np.float32)
    level = image
    for (left, top), (w, h) in zip(corners, levels, strict=False):  # the smallest levels may not fit
        if level.shape[:2] != (h, w):
            level = cv2.resize(level, (w, h), interpolation=cv2.INTER_LINEAR)
        canvas[top : top + h, left : left + w] = level
    return canvas, corners


class Photo:
    """A photo at SIDE pixels."""

    def __init__(self, path, heads, empty=False):
        self.image = load(path)
        self.heads = heads  # boxes in its pixels
        self.empty = empty  # certainly without a dog: here no score of the teacher counts as a head


def pool(data, parts):
    """Photos of dogs with the heads that the teacher sees."""
    for line in (data / "dog-pool/heads.jsonl").read_text().splitlines():
        row = json.loads(line)
        if part(row["image"]) in parts:
            yield Photo(data / "dog-pool/images" / row["image"], [h[:4] for h in row["heads"]])


def faces(data, parts):
    """Photos of the marked dogs."""
    for line in (data / "dog-faces/landmarks.jsonl").read_text().splitlines():
        row = json.loads(line)
        path = data / "dog-faces/images" / row["image"]
        if part(row["image"]) in parts:
            scale = SIDE / max(cv2.imread(str(path)).shape[:2])
            yield Photo(path, [[scale * x for x in row["box"]]])


def people(data, parts, per_person=4):
    """Frames of people, which show no dog."""
    for person in sorted(p for p in (data / "people").iterdir() if p.is_dir()):
        if part(person.name) in parts:
            frames = sorted(person.glob("*.jpg"))
            for path in frames[:: max(1, len(frames) // per_person)][:per_person]:
                yield Photo(path, [], empty=True)


def training_photos(data):
    """All photos of the training part."""
    data = Path(data)
    heads = [Photo(p, []) for p in sorted((data / "dog-identities").glob("*/*.jpg"))]
    return [*pool(data, {"train"}), *faces(data, {"train"}), *people(data, {"train"}), *heads]


def vary(photo, rng):
    """The photo and its heads: each by chance turned and scaled, mirrored, and in other light."""
    image, heads = photo.image, np.array(photo.heads, np.float64).reshape(-1, 4)
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        turn = rng.normal(0, 8) if rng.random() < 0.5 else 0
        zoom = np.exp(rng.uniform(-0.35, 0.2))
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, zoom)
        matrix[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
        image = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        middles = np.c_[(heads[:, :2] + heads[:, 2:]) / 2, np.ones(len(heads))] @ matrix.T
        reach = (heads[:, 2:] - heads[:, :2]) / 2 * zoom
        heads = np.c_[middles - reach, middles + reach]
    if rng.random() < 0.5:
        image, heads = image[:, ::-1], np.c_[width - heads[:, 2], heads[:, 1], width - heads[:, 0], heads[:, 3]]
    if rng.random() < 0.5:
        image = recolour(image, rng)
    return np.ascontiguousarray(image, np.float32), heads


def recolour(image, rng):
    """Blur, colour, light and noise. The teacher sees them too, so its scores stay right."""
    image = image.astype(np.float32)
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))
    if rng.random() < 0.2:
        image = image.mean(axis=2, keepdims=True) + 0.3 * (image - image.mean(axis=2, keepdims=True))
    image = (image - 128) * np.exp(rng.normal(0, 0.2)) + 128 + rng.normal(0, 20)
    image = image * np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
    if rng.random() < 0.3:
        image = image + rng.normal(0, rng.uniform(2, 10), image.shape).astype(np.float32)
    return np.clip(image, 0, 255)


def sample_windows(photo, rng):
    """Windows on the tiled pyramid: where a head has about the size HEAD, or anywhere."""
    image, heads = vary(photo, rng)
    canvas, corners = tiled(image)
    height, width = canvas.shape[:2]
    for _ in range(WINDOWS):
        if len(heads) and rng.random() < 0.6:
            left, top, right, bottom = heads[rng.integers(len(heads))]
            wanted = HEAD * np.exp(rng.uniform(-0.35, 0.35)) / max(right - left, 1)
            level = int(np.clip(round(np.log(wanted) / np.log(STEP)), 0, len(corners) - 1))
            middle = np.array([left + right, top + bottom]) / 2 * STEP**level + corners[level]
            x, y = (middle - WINDOW / 2 + rng.uniform(-45, 45, 2)).round().astype(int)
        else:
            x = int(rng.integers(-20, max(width - WINDOW + 20, -19)))
            y = int(rng.integers(-20, max(height - WINDOW + 20, -19)))
        window = np.full((WINDOW, WINDOW, 3), -1, np.float32)
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + WINDOW, width), min(y + WINDOW, height)
        if x0 < x1 and y0 < y1:
            window[y0 - y : y1 - y, x0 - x : x1 - x] = canvas[y0:y1, x0:x1]
        # dlib takes the mean off first and leaves the gaps at zero.
        yield np.where(window < 0, 0, (window - MEAN) / 256).astype(np.float32)


def sample_batch(photos, weights, size, rng):
    """Windows (N × 3 × side × side), the photo of each, and whether it is certainly without a dog."""
    chosen = rng.choice(len(photos), size // WINDOWS, p=weights)
    images = np.stack([window.transpose(2, 0, 1) for i in chosen for window in sample_windows(photos[i], rng)])
    chosen = np.repeat(chosen, WINDOWS)
    return images, chosen, np.array([photos[i].empty for i in chosen])
