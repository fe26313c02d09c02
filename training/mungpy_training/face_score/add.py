"""Adds the face score to the landmark network: whether a chip shows a dog's face at all.

One linear function reads features from deep in the network, pooled over the chip. Its output, N × 1, is above 0 for a
dog's face. The landmarks stay as they are. Logistic regression on the training part finds the weights. The threshold is
the score that all but LOST of the faces of the tuning part exceed. As in the program, a score is the mean over the chip
and its mirror image.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from mungpy_training.detector.photos import load, part
from mungpy_training.files import read_lines
from mungpy_training.landmarking import CHIP_SIDE
from mungpy_training.landmarks import faces as face_set

# The name of the output in the network. The shipped network has it by this older name of the face score.
OUTPUT = "verdict"
DEEPEST, MIDDLE = "/backbone/_blocks.14/Add_output_0", "/backbone/_blocks.10/Add_output_0"
# The layers that are pooled, and how, in the order of the weights.
POOLED = [(DEEPEST, "Average"), (DEEPEST, "Max"), (MIDDLE, "Average")]
RIDGE = 1e-3  # factor of the summed squares of the weights in the loss
LOST = 0.01  # share of the faces


def feature_reader(model):
    """A function from a chip to the pooled features."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    for layer in (DEEPEST, MIDDLE):
        probe.graph.output.append(helper.make_tensor_value_info(layer, TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(probe.SerializeToString(), options, providers=["CPUExecutionProvider"])
    pools = {"Average": np.mean, "Max": np.max}

    def read(chip):
        deepest, middle = session.run([DEEPEST, MIDDLE], {"chips": face_set.normalised(chip)[None]})
        layers = {DEEPEST: deepest[0], MIDDLE: middle[0]}
        return np.concatenate([pools[pool](layers[layer], (1, 2)) for layer, pool in POOLED])

    return read


def mirror_image(chip):
    """The chip with left and right exchanged."""
    return np.ascontiguousarray(chip[:, ::-1])


def coarse(chip, rng):
    """The chip as of a head of few pixels."""
    side = int(CHIP_SIDE * rng.uniform(0.3, 0.8))
    small = cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, chip.shape[:2], interpolation=cv2.INTER_LINEAR)


def features_of(read, image, box):
    """The features of the chip of a box, averaged with those of its mirror image."""
    chip = face_set.cut(image, face_set.chip_matrix(box))
    return (read(chip) + read(mirror_image(chip))) / 2


def sample_features(read, image, box, rng):
    """The features of the chip of a box; then of a jittered one, mirrored and by chance coarse."""
    yield read(face_set.cut(image, face_set.chip_matrix(box)))
    jitter = (*rng.normal(0, 0.03, 2), np.exp(rng.normal(0, 0.05)))
    chip = mirror_image(face_set.cut(image, face_set.chip_matrix(box, jitter)))
    yield read(coarse(chip, rng) if rng.random() < 0.4 else chip)


def boxes(data, candidates):
    """Photo, box, part of the split, whether it is a dog's face: of the candidates and of the marked dogs."""
    for row in read_lines(candidates):
        yield load(row["photo"]), row["box"], row["part"], row["dog"]
    for face in face_set.dogs(Path(data) / "dog-faces"):
        yield face.image, face.box, part(face.name), True


def fit(features, dog):
    """Weights and bias of a logistic regression, for features as they are."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    inputs, wanted = torch.tensor((features - mean) / deviation), torch.tensor(dog.astype(np.float32))
    share = torch.tensor(np.where(dog, min(4, (~dog).sum() / dog.sum()), 1).astype(np.float32))
    weights, bias = torch.zeros(inputs.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=150, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        errors = torch.nn.functional.binary_cross_entropy_with_logits(inputs @ weights + bias, wanted, share)
        total = errors + RIDGE * weights.square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    weights = weights.detach().numpy() / deviation
    return weights, bias.item() - weights @ mean


def without_score(model):
    """Takes away a face score that the network has already."""
    graph = model.graph
    for kept, name_of in (
        (graph.initializer, lambda item: item.name),
        (graph.node, lambda item: item.output[0]),
        (graph.output, lambda item: item.name),
    ):
        for item in [item for item in kept if name_of(item).split(".")[0] == OUTPUT]:
            kept.remove(item)
    return model


def with_score(model, weights, bias):
    """Adds the face score to the network, or replaces it."""
    graph = without_score(model).graph
    weight_name, bias_name = f"{OUTPUT}.weight", f"{OUTPUT}.bias"
    graph.initializer.append(numpy_helper.from_array(weights.astype(np.float32)[None], weight_name))
    graph.initializer.append(numpy_helper.from_array(np.array([bias], np.float32), bias_name))
    pooled = [f"{OUTPUT}.{i}" for i in range(len(POOLED))]
    for (layer, pool), name in zip(POOLED, pooled, strict=True):
        graph.node.append(helper.make_node(f"Global{pool}Pool", [layer], [name]))
    graph.node.append(helper.make_node("Concat", pooled, [f"{OUTPUT}.pooled"], axis=1))
    graph.node.append(helper.make_node("Flatten", [f"{OUTPUT}.pooled"], [f"{OUTPUT}.flat"]))
    graph.node.append(helper.make_node("Gemm", [f"{OUTPUT}.flat", weight_name, bias_name], [OUTPUT], transB=1))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", 1]))
    onnx.checker.check_model(model)
    return model


def main():
    """Fits the face score, reports how well it does, and writes the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder of dog-faces")
    parser.add_argument("candidates", metavar="CANDIDATES.jsonl")
    parser.add_argument("network", metavar="NETWORK.onnx", help="is changed")
    args = parser.parse_args()
    model, rng = onnx.load(args.network), np.random.default_rng(1)
    read, features, parts, dogs = feature_reader(model), [], [], []
    for image, box, where, dog in boxes(args.data, args.candidates):
        training = where == "train"
        found = list(sample_features(read, image, box, rng)) if training else [features_of(read, image, box)]
        features += found
        parts += [where] * len(found)
        dogs += [dog] * len(found)
    features, parts, dogs = np.array(features), np.array(parts), np.array(dogs)
    weights, bias = fit(features[parts == "train"], dogs[parts == "train"])
    scores = features @ weights + bias
    threshold = np.quantile(scores[(parts == "tune") & dogs], LOST)
    for where in ("train", "tune", "test"):
        s, d = scores[parts == where] > threshold, dogs[parts == where]
        print(f"{where}: {s[d].sum()} of {d.sum()} faces, {s[~d].sum()} of {(~d).sum()} others taken for a dog's face")
    onnx.save(with_score(model, weights, bias - threshold), args.network)


if __name__ == "__main__":
    main()
