"""What the student learns from: the patches of faces, and of boxes that show none."""

import zlib

import numpy as np

from mungpy_training.detector.photos import load, part
from mungpy_training.files import read_lines, read_rgb
from mungpy_training.landmarks import faces as face_set
from mungpy_training.landmarks import patches
from mungpy_training.landmarks.persons import is_held_out
from mungpy_training.landmarks.train import FOLDS
from mungpy_training.shapes import from_complex, symmetric_shape

EMPTY_BOXES = 2000  # random boxes of photos of the other species
SPARED = 4  # of the news photos and portraits, every so many persons are spared for tests


def of(args):
    """The faces and the empty boxes of a species, as the command line chooses them."""
    return dogs(args) if args.species == "dog" else persons(args)


def person_of(photo):
    """Collection, person and file of a photo of a person."""
    return photo.split("/")[-3:]


def is_spared(photo):
    """Whether no training sees the person."""
    collection, person, _ = person_of(photo)
    return is_held_out(person) if collection == "people" else zlib.crc32(person.encode()) % SPARED == 0


def persons(args):
    """Persons as the teacher sees them, where several recordings show them made steady; and pieces of dogs."""
    faces = list(patches.taught(args.found, lambda photo: not is_spared(photo)))
    steady([face for face in faces if person_of(face.name)[0] == "people"])
    return faces, random_boxes(sorted((args.data / "dog-pool/images").glob("*.jpg")))


def steady(faces):
    """Gives each face the symmetric shape of the person's mean, over the recordings, in place of its own."""
    shapes = {}
    for face in faces:
        _, person, file = person_of(face.name)
        shapes.setdefault(person, {}).setdefault(file[0], []).append(symmetric_shape(face.points)[0])
    for face in faces:
        recordings = shapes[person_of(face.name)[1]].values()
        mean = np.mean([np.mean(of_recording, 0) for of_recording in recordings], 0)
        shape, size, roll = symmetric_shape(face.points)
        face.points = face.points + from_complex((mean - shape) * size * np.exp(1j * roll))


def dogs(args):
    """Dogs as the teacher sees them, and with --marked those that people marked; and boxes that show none."""
    faces = list(patches.taught(args.found, lambda photo: "/dog-faces/" not in photo))
    for face in faces:
        face.is_judged = part(face.name.split("/")[-1]) == "train"
    if args.marked:
        marked = face_set.dogs(args.data / "dog-faces")
        marked = [patches.of_face(face) for face in marked if face_set.fold(face, FOLDS) != args.fold]
        faces += marked * round(args.marked / (1 - args.marked) * len(faces) / len(marked))
    boxes = no_dogs(args.boxes) if args.boxes else random_boxes(sorted((args.data / "people").glob("*/*.jpg")))
    return faces, boxes


def no_dogs(path):
    """The boxes of the training part that the detector takes for dogs and that are none."""
    found, photo, image = [], None, None
    for row in read_lines(path):
        if row["part"] != "train" or row["dog"]:
            continue
        if row["photo"] != photo:
            photo = row["photo"]
            image = load(photo)
        found.append(patches.empty(image, row["box"], photo))
    return found


def random_boxes(paths):
    """Random boxes of photos that show nothing of the species."""
    rng = np.random.default_rng(1)
    found = []
    for path in rng.permutation(paths)[:EMPTY_BOXES]:
        image = read_rgb(path)
        height, width = image.shape[:2]
        side = rng.uniform(0.3, 0.8) * min(height, width)
        left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
        found.append(patches.empty(image, [left, top, left + side, top + side], str(path)))
    return found
