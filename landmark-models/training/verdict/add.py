"""Adds to the landmark network its verdict: is this a dog's face at all?

add.py DATA CANDIDATES.jsonl NETWORK.onnx

Features from deep in the network, pooled over the chip, go into one linear function: output `verdict`, N × 1, above 0
for a dog's face. The landmarks stay as they are. Weighed by logistic regression on the training part; the threshold is
the score that all but LOST of the faces of the tuning part exceed. As in the product, a score is the mean over the chip
and its mirror image.
"""
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

here = Path(__file__).parent.parent
sys.path[:0] = [str(here / "landmarks"), str(here / "detector")]
import faces as face_set
from photos import load, part

DEEPEST, MIDDLE = "/backbone/_blocks.14/Add_output_0", "/backbone/_blocks.10/Add_output_0"
# What is pooled, how, in the order of the weights.
POOLED = [(DEEPEST, "Average"), (DEEPEST, "Max"), (MIDDLE, "Average")]
RIDGE = 1e-3
LOST = 0.01


def reader(model):
    """A function from chips to the pooled features."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    for layer in (DEEPEST, MIDDLE):
        probe.graph.output.append(helper.make_tensor_value_info(layer, TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(probe.SerializeToString(), options, providers=["CPUExecutionProvider"])
    pools = {"Average": np.mean, "Max": np.max}

    def read(chip):
        layers = dict(zip((DEEPEST, MIDDLE), session.run([DEEPEST, MIDDLE], {"chips": face_set.normalised(chip)[None]})))
        return np.concatenate([pools[pool](layers[layer][0], (1, 2)) for layer, pool in POOLED])

    return read


def coarse(chip, rng):
    """The chip as of a head of few pixels."""
    side = int(face_set.SIDE * rng.uniform(0.3, 0.8))
    return cv2.resize(cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA), chip.shape[:2], interpolation=cv2.INTER_LINEAR)


def features_of(read, image, box, vary, rng):
    """Features of the chip of a box; in training also of one moved, scaled, mirrored, and now and then coarse."""
    face = face_set.Face(image, box, np.arange(32).reshape(16, 2), [True] * 16, "")
    chip = face_set.cut(face, face_set.transform(face))
    if not vary:
        yield (read(chip) + read(np.ascontiguousarray(chip[:, ::-1]))) / 2
        return
    yield read(chip)
    moved = face_set.cut(face, face_set.transform(face, rng.normal(0, 0.03, 2), np.exp(rng.normal(0, 0.05))))
    moved = np.ascontiguousarray(moved[:, ::-1])
    yield read(coarse(moved, rng) if rng.random() < 0.4 else moved)


def rows(data, candidates):
    """Photo at the side of the box, box, part, whether it is a dog's face."""
    for row in map(json.loads, Path(candidates).read_text().splitlines()):
        yield load(row["photo"]), row["box"], row["part"], row["dog"]
    for face in face_set.dogs(Path(data) / "dog-faces"):
        half = face.length / 2
        x, y = face.centre - [0, face_set.DROP * face.length]
        yield face.image, [x - half, y - half, x + half, y + half], part(face.name), True


def fit(features, dog):
    """Weights and bias of a logistic regression on standardised features, folded into plain ones."""
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


def extended(model, weights, bias):
    """The network with the second output; one that it had before is replaced."""
    graph = model.graph
    for name in ("verdict.weight", "verdict.bias"):
        for old in [i for i in graph.initializer if i.name == name]:
            graph.initializer.remove(old)
    for old in [n for n in graph.node if n.output[0].startswith("verdict")]:
        graph.node.remove(old)
    for old in [o for o in graph.output if o.name == "verdict"]:
        graph.output.remove(old)
    graph.initializer.append(numpy_helper.from_array(weights.astype(np.float32)[None], "verdict.weight"))
    graph.initializer.append(numpy_helper.from_array(np.array([bias], np.float32), "verdict.bias"))
    pooled = [f"verdict.{i}" for i in range(len(POOLED))]
    for (layer, pool), name in zip(POOLED, pooled):
        graph.node.append(helper.make_node(f"Global{pool}Pool", [layer], [name]))
    graph.node.append(helper.make_node("Concat", pooled, ["verdict.pooled"], axis=1))
    graph.node.append(helper.make_node("Flatten", ["verdict.pooled"], ["verdict.flat"]))
    graph.node.append(helper.make_node("Gemm", ["verdict.flat", "verdict.weight", "verdict.bias"], ["verdict"], transB=1))
    graph.output.append(helper.make_tensor_value_info("verdict", TensorProto.FLOAT, ["n", 1]))
    onnx.checker.check_model(model)
    return model


def main():
    data, candidates, path = sys.argv[1:]
    model, rng = onnx.load(path), np.random.default_rng(1)
    read, features, parts, dogs = reader(model), [], [], []
    for image, box, where, dog in rows(data, candidates):
        for found in features_of(read, image, box, where == "train", rng):
            features.append(found)
            parts.append(where)
            dogs.append(dog)
    features, parts, dogs = np.array(features), np.array(parts), np.array(dogs)
    weights, bias = fit(features[parts == "train"], dogs[parts == "train"])
    scores = features @ weights + bias
    threshold = np.quantile(scores[(parts == "tune") & dogs], LOST)
    for where in ("train", "tune", "test"):
        s, d = scores[parts == where] > threshold, dogs[parts == where]
        print(f"{where}: {s[d].sum()} of {d.sum()} faces, {s[~d].sum()} of {(~d).sum()} others taken for a dog's face")
    onnx.save(extended(model, weights, bias - threshold), path)


if __name__ == "__main__":
    main()
