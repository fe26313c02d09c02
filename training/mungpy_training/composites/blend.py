"""Warps faces onto one shape, brings them into register and averages them."""

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from mungpy_training.shapes import apply, interocular_distance, similarity

GRID = 4  # a spline is evaluated at every GRID-th pixel and interpolated between


def anchors(size, target):
    """Points far from the face that tie the surroundings down, in the composite's frame."""
    middle, extent = target.mean(0), np.ptp(target, axis=0).max()
    angles = np.arange(12) * (2 * np.pi / 12)
    ring = middle + 1.25 * extent * np.stack([np.cos(angles), np.sin(angles)], 1)
    s = np.linspace(-0.1, 1.1, 5) * size
    frame = [(x, y) for x in s for y in s if min(x, y) < 0 or max(x, y) > size]
    return np.vstack([ring, np.array(frame)])


def spline_map(size, target, source, fixed=None):
    """The place in the source of each pixel of the composite, by a thin-plate spline."""
    back = similarity(target, source)
    ties = anchors(size, target) if fixed is None else fixed
    knots = np.vstack([target, ties])
    values = np.vstack([source, apply(back, ties)])
    spline = RBFInterpolator(knots, values, kernel="thin_plate_spline", smoothing=0.0)
    line = np.arange(0, size + GRID, GRID, dtype=float)
    x, y = np.meshgrid(line, line)
    coarse = spline(np.stack([x.ravel(), y.ravel()], 1)).reshape(len(line), len(line), 2)
    fine_x, fine_y = np.meshgrid(np.arange(size) / GRID, np.arange(size) / GRID)
    return cv2.remap(
        coarse.astype(np.float32),
        fine_x.astype(np.float32),
        fine_y.astype(np.float32),
        cv2.INTER_LINEAR,
    )


def resample(picture, lookup):
    """The picture seen through the map, and how surely each pixel lies inside the picture."""
    x, y = lookup[..., 0], lookup[..., 1]
    warped = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    height, width = picture.shape[:2]
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    weight = np.clip(edge / (0.03 * width) + 0.5, 0.0, 1.0)
    weight = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), 6)
    return warped.astype(np.float32), np.clip(weight, 1e-3, 1.0)


def load(face):
    """The picture of a face, mirrored if the face is."""
    picture = cv2.imread(str(face.path), cv2.IMREAD_COLOR)
    return cv2.flip(picture, 1) if face.flipped else picture


def warp(face, target, size):
    """A face's picture at the composite's scale, and the map that lays marks on the target."""
    picture, points = load(face), face.points
    shrink = interocular_distance(target) / interocular_distance(points)
    if shrink < 0.7:  # average instead of skipping pixels
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        points = (points + 0.5) * shrink - 0.5
    lookup = spline_map(size, target, points)
    return picture, lookup


def mean_of(pictures, weights):
    """The weighted mean of pictures, pixel by pixel."""
    total = sum(weights)[..., None]
    return sum(p * w[..., None] for p, w in zip(pictures, weights, strict=True)) / total


def head_mask(size, target, grow=1.0):
    """A soft ellipse around the landmarks: 1 on the head, 0 away from it."""
    top, bottom = target[:, 1].min(), target[:, 1].max()
    eyes = interocular_distance(target)
    centre = (target[:, 0].mean(), (top + bottom) / 2 - 0.10 * eyes)
    radius_x, radius_y = 1.35 * eyes * grow, ((bottom - top) / 2 + 0.75 * eyes) * grow
    y, x = np.mgrid[0:size, 0:size]
    r = np.hypot((x - centre[0]) / radius_x, (y - centre[1]) / radius_y)
    return np.clip((1.30 - r) / 0.45, 0.0, 1.0).astype(np.float32)


def match_tone(pictures, mask):
    """Gives every picture the group's mean colour and contrast on the head."""
    weight = (mask / mask.sum())[..., None]
    lab = [cv2.cvtColor(np.clip(p, 0, 255) / 255.0, cv2.COLOR_BGR2LAB) for p in pictures]
    means = [(p * weight).sum((0, 1)) for p in lab]
    contrasts = [np.sqrt(((p - m) ** 2 * weight).sum((0, 1))) for p, m in zip(lab, means, strict=True)]
    mean, contrast = np.mean(means, 0), np.mean(contrasts, 0)
    matched = []
    for p, m, c in zip(lab, means, contrasts, strict=True):
        q = (p - m) * np.clip(contrast / np.maximum(c, 1e-3), 0.6, 1.6) + mean
        matched.append(to_bgr(q))
    return matched


def to_bgr(lab):
    """A picture from CIELAB to BGR, 0 to 255."""
    lab = lab.astype(np.float32).copy()
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), 0, 1) * 255.0


def grey(picture):
    """The lightness in bytes, which the flow follows."""
    return cv2.cvtColor(np.clip(picture, 0, 255).astype(np.uint8), cv2.COLOR_BGR2GRAY)


def reach_map(size, target, near, far):
    """How far a flow may move a pixel: `near` at the landmarks, `far` at ears and outline."""
    y, x = np.mgrid[0:size, 0:size]
    gaps = np.min([np.hypot(x - px, y - py) for px, py in target], 0) / interocular_distance(target)
    return (near + (far - near) * np.clip(gaps - 0.25, 0, 0.5) / 0.5)[..., None].astype(np.float32)


def register(sources, lookups, reach, rounds=5):
    """Refines the maps by optical flow towards the group's mean.

    Marks say nothing of ears and outline and are a few pixels off. The mean of all flows is taken away, so that the
    group's shape stays.
    """
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    size = lookups[0].shape[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    for _ in range(rounds):
        seen = [resample(s, m) for s, m in zip(sources, lookups, strict=True)]
        mean = grey(mean_of([p for p, _ in seen], [w for _, w in seen]))
        steps = []
        for picture, _ in seen:
            step = flow.calc(mean, grey(picture), None)
            length = np.linalg.norm(step, axis=2, keepdims=True)
            step = step * np.minimum(1.0, reach / np.maximum(length, 1e-6))
            steps.append(cv2.GaussianBlur(step, (0, 0), 6))
        drift = np.mean(steps, 0)
        lookups = [
            cv2.remap(
                m, x + (s - drift)[..., 0], y + (s - drift)[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            for m, s in zip(lookups, steps, strict=True)
        ]
    return lookups


def agreement(pictures, weights, rounds=2):
    """The weight of each picture, pixel by pixel: pictures unlike the rest count less.

    Where ears, collars or backgrounds differ, the majority wins instead of a blur.
    """
    soft = [cv2.GaussianBlur(p, (0, 0), 4) for p in pictures]
    trusted = weights
    for _ in range(rounds):
        mean = mean_of(soft, trusted)
        apart = [cv2.GaussianBlur(np.linalg.norm(p - mean, axis=2), (0, 0), 4) for p in soft]
        usual = np.median(apart, 0) + 4.0
        trusted = [w / (1.0 + (a / usual) ** 3) for w, a in zip(weights, apart, strict=True)]
    return [w.astype(np.float32) for w in trusted]


def pyramid(picture, levels):
    """The bands of the picture, fine to coarse, and what is left."""
    bands = []
    for _ in range(levels):
        small = cv2.pyrDown(picture)
        bands.append(picture - cv2.pyrUp(small, dstsize=picture.shape[1::-1]))
        picture = small
    return bands + [picture]


def power(band, level):
    """The local strength of a band of the pyramid."""
    return cv2.GaussianBlur((band**2).sum(2), (0, 0), 6 / 2**level + 1)


def average(pictures, weights, mask, restore, levels=4):
    """A multi-band average that keeps the contrast of the sources.

    Averaging cancels fine detail that differs between faces. On the head each band of the average is amplified, up to
    `restore` times, towards the strength that it has in a single source.
    """
    stacks = [pyramid(p, levels) for p in pictures]
    shares = [[w] for w in weights]
    for share in shares:
        for _ in range(levels):
            share.append(cv2.pyrDown(share[-1]))
    result = mean_of([s[-1] for s in stacks], [w[-1] for w in shares])
    for level in reversed(range(levels)):
        bands, ws = [s[level] for s in stacks], [w[level] for w in shares]
        band = mean_of(bands, ws)
        single = mean_of([power(b, level)[..., None] for b in bands], ws)[..., 0]
        gain = np.sqrt(single / np.maximum(power(band, level), 1e-3))
        local = cv2.resize(mask, band.shape[1::-1], interpolation=cv2.INTER_AREA)
        gain = 1.0 + (np.clip(gain, 1.0, restore) - 1.0) * local
        if level < 2:  # off the face, fine detail that is left is threads, not fur
            gain *= 1.0 - (0.75 - 0.35 * level) * (1.0 - local)
        result = cv2.pyrUp(result, dstsize=band.shape[1::-1]) + band * gain[..., None]
    return result


def finish(picture, mask, tone):
    """Blurs the surroundings, sharpens the head and lifts its tone.

    `tone` holds the wanted lightness of the head, how far to go towards it, and the factors of contrast and saturation.
    """
    lightness, share, contrast, saturation = tone
    soft = cv2.GaussianBlur(picture, (0, 0), 10)
    softer = cv2.GaussianBlur(picture, (0, 0), 40)
    sharp = picture + 0.5 * mask[..., None] * (picture - cv2.GaussianBlur(picture, (0, 0), 1.2))
    picture = sharp * mask[..., None] + (0.5 * soft + 0.5 * softer) * (1 - mask[..., None])
    lab = cv2.cvtColor((np.clip(picture, 0, 255) / 255).astype(np.float32), cv2.COLOR_BGR2LAB)
    middle = (lab[..., 0] * mask).sum() / mask.sum()
    lab[..., 0] = middle + (lab[..., 0] - middle) * contrast + share * (lightness - middle)
    lab[..., 1:] *= saturation
    return to_bgr(lab)


def composite(faces, target, size, restore, reach, tone):
    """The average of the faces. Each is warped so that its marks lie on `target`."""
    warped = [warp(f, target, size) for f in faces]
    sources, lookups = [s for s, _ in warped], [m for _, m in warped]
    lookups = register(sources, lookups, reach_map(size, target, *reach))
    seen = [resample(s, m) for s, m in zip(sources, lookups, strict=True)]
    mask = head_mask(size, target)
    pictures = match_tone([p for p, _ in seen], mask)
    weights = agreement(pictures, [w for _, w in seen])
    inner = head_mask(size, target, 0.74)
    blended = average(pictures, weights, inner, restore)
    return finish(blended, head_mask(size, target, 1.1), tone)
