"""Makes pictures for the test: some that certainly show no dog, some in which the dog's head is small."""

import cv2
import numpy as np

from mungpy_training.detector import photos as photo_set

SCENE = 640  # long side at which the teacher looks for dogs in scenes; pixels
LARGE = 960  # side of a picture with a small head; pixels
SMALL = 40  # side of that head; pixels


def negatives(data, part, folder, teacher_heads):
    """Pictures that certainly show no dog: persons, enlarged and in mosaics, and crops of scenes without dogs."""
    rng, paths, side = np.random.default_rng(5), [], photo_set.SIDE
    persons = [d for d in sorted((data / "people").iterdir()) if d.is_dir() and photo_set.part(d.name) == part]
    frames = [path for person in persons for path in sorted(person.glob("*.jpg"))[:3]]

    def keep(image):
        paths.append(folder / f"{len(paths):04}.png")
        cv2.imwrite(str(paths[-1]), image)

    for path in frames:
        keep(cv2.resize(cv2.imread(str(path)), (side, side)))
    for _ in range(len(frames) // 2):
        tiles = [cv2.resize(cv2.imread(str(frames[i])), (side // 2, side // 2)) for i in rng.choice(len(frames), 4)]
        keep(np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])]))
    for row in teacher_heads:
        for image in empty_crops(row, rng):
            keep(cv2.resize(image, (side, side)))
    return paths


def enlarged(paths, folder):
    """Every second of these pictures at LARGE pixels, so that the program searches its quarters too."""
    large = []
    for path in paths[::2]:
        large.append(folder / f"large{path.name}")
        cv2.imwrite(str(large[-1]), cv2.resize(cv2.imread(str(path)), (LARGE, LARGE), interpolation=cv2.INTER_CUBIC))
    return large


def empty_crops(row, rng, tries=20, most=4):
    """Square crops of a scene away from all heads, which the lax teacher found at SCENE pixels."""
    image = photo_set.load(row["image"], SCENE)[:, :, ::-1]
    height, width = image.shape[:2]
    found = 0
    for _ in range(tries):
        size = int(rng.uniform(0.25, 0.5) * min(height, width))
        x, y = int(rng.integers(width - size)), int(rng.integers(height - size))
        if all(x > h[2] or x + size < h[0] or y > h[3] or y + size < h[1] for h in row["heads"]):
            yield image[y : y + size, x : x + size]
            found += 1
        if found == most:
            return


def small_heads(photos, heads, scenes, folder):
    """Puts each photo, shrunk until its head has SMALL pixels, at a random place of a crop of a scene without dogs.

    Returns the pictures and their heads.
    """
    rng = np.random.default_rng(3)
    empty = [cv2.resize(crop, (LARGE, LARGE)) for row in scenes for crop in empty_crops(row, rng)]
    paths, moved = [], []
    for number, (photo, head) in enumerate(zip(photos, heads, strict=True)):
        zoom = SMALL / (head[2] - head[0])
        image = cv2.resize(photo_set.load(photo)[:, :, ::-1], None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        height, width = image.shape[:2]
        x, y = rng.integers(LARGE - width + 1), rng.integers(LARGE - height + 1)
        picture = empty[rng.integers(len(empty))].copy()
        picture[y : y + height, x : x + width] = image
        paths.append(folder / f"small{number:03}.png")
        cv2.imwrite(str(paths[-1]), picture)
        moved.append([zoom * side + (x, y)[axis % 2] for axis, side in enumerate(head[:4])])
    return paths, moved
