"""Trains the landmark network of dogs or, with --persons, of persons.

With --fold K it trains without the K-th fold and reports the errors on that fold.
"""

import argparse
import copy

import numpy as np
import torch

from mungpy_training.landmarks import faces as face_set
from mungpy_training.landmarks import network
from mungpy_training.landmarks import persons as person_set
from mungpy_training.landmarks.prediction import predict

FOLDS = 5
GROUPS = {"all": slice(0, 16), "eyes": slice(0, 8), "nose": slice(8, 12), "mouth": slice(12, 16)}
HEAT = 5.0  # standard deviation of the wanted heat map; pixels of the chip


def loss_of(scores, points, visible, interocular):
    """The distance of the expected position from the mark, and the cross entropy of the heat map."""
    found, probability = network.soft_argmax(scores)
    far = (found - points).norm(dim=-1) / interocular[:, None]
    position = torch.where(far < 0.05, far**2 / 0.1, far - 0.025)
    cells = network.cell_centres(scores.shape[-1])
    x = torch.exp(-0.5 * ((cells - points[..., :1]) / HEAT) ** 2)
    y = torch.exp(-0.5 * ((cells - points[..., 1:]) / HEAT) ** 2)
    wanted = y[..., :, None] * x[..., None, :]
    wanted = wanted / wanted.sum((-1, -2), keepdim=True).clamp(min=1e-6)
    entropy = -(wanted * (probability + 1e-9).log()).sum((-1, -2))
    weight = visible.float()
    return (((position * 4 + entropy * 0.05) * weight).sum(1) / weight.sum(1).clamp(min=1)).mean()


def follow(average, net, keep):
    """Moves the averaged weights towards those of the network."""
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
            slow.lerp_(fast, 1 - keep) if slow.is_floating_point() else slow.copy_(fast)


def sample_batch(faces, net, size, rng, warp, others):
    """Varied chips of randomly chosen faces: inputs, landmarks, visibility, interocular distances."""
    chosen = rng.choice(len(faces), size)
    chips = [face_set.sample_chip(faces[i], net, rng, warp, others) for i in chosen]
    images, points, visible = (torch.from_numpy(np.stack(part)) for part in zip(*chips, strict=True))
    interocular = (points[:, 0:4].mean(1) - points[:, 4:8].mean(1)).norm(dim=-1)
    return images, points, visible, interocular


def optimiser_of(net, rate):
    """AdamW. The backbone, which is trained already, learns more slowly."""
    backbone = set(net.backbone.parameters())
    decoder = [weights for weights in net.parameters() if weights not in backbone]
    groups = [{"params": list(backbone), "peak": rate * 0.4}, {"params": decoder, "peak": rate}]
    return torch.optim.AdamW(groups, weight_decay=0.02)


def train(faces, args):
    """The network with averaged weights, trained on these faces."""
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    layout = torch.channels_last
    net = network.pretrained().to(memory_format=layout).train()
    if args.start:
        net.load_state_dict(torch.load(args.start, weights_only=True))
    average = copy.deepcopy(net).eval()
    optimiser = optimiser_of(net, args.rate)
    others = [face for face in faces if face.visible.all()] if args.towards_others else []
    steps, losses = int(args.epochs * len(faces) / args.batch), []
    for step in range(steps):
        now = step / steps
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * min(now / 0.05, 1) * 0.5 * (1 + np.cos(np.pi * now))
        images, points, visible, interocular = sample_batch(faces, net, args.batch, rng, args.warping, others)
        loss = loss_of(net(images.to(memory_format=layout)), points, visible, interocular)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2)
        optimiser.step()
        follow(average, net, min(0.995, 1 - 1 / (step + 1)))
        losses.append(loss.item())
        if step % 100 == 99:
            print(f"{100 * now:5.1f} %  loss {np.mean(losses[-100:]):.4f}", flush=True)
    return average


def persons(args):
    """The persons that are not held out, with the landmarks of the face mesh, made steady."""
    faces = person_set.boxed(args.data, args.persons)
    faces = [face for face in faces if not person_set.is_held_out(face.individual)]
    faces = person_set.meshed(faces, args.mesh)
    person_set.steady(faces)
    return faces


def relative_errors(face, found):
    """Distance of each landmark from its mark over the interocular distance; NaN where the mark is hidden."""
    far = np.linalg.norm(found - face.points, axis=1) / face.interocular
    return np.where(face.visible, far, np.nan)


def print_errors(errors):
    """The NME of each group of landmarks."""
    with np.errstate(all="ignore"):
        for name, part in GROUPS.items():
            nme = 100 * np.nanmean(errors[:, part], axis=1)
            nme = nme[~np.isnan(nme)]
            high = f"above 15 %: {100 * (nme > 15).mean():.1f} %"
            print(f"{name:6} {nme.mean():6.2f} %  median {np.median(nme):.2f}  {high}  ({len(nme)} faces)")


def main():
    """Trains as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder dog-faces, or people with --persons")
    parser.add_argument("out", metavar="OUT.pt")
    parser.add_argument("--fold", type=int, help=f"number of the fold to leave out, 0 to {FOLDS - 1}")
    parser.add_argument("--persons", metavar="FOUND.jsonl", help="what `mungpy extract --json` printed")
    parser.add_argument("--mesh", metavar="MESH.jsonl", help="what mungpy_training.landmarks.mesh wrote")
    parser.add_argument("--start", metavar="IN.pt", help="network to go on from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=float, default=45)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--warping", type=float, default=0, help="how far to warp faces smoothly; pixels of the chip")
    parser.add_argument("--towards-others", action="store_true", help="warp every second face towards another one")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    faces = persons(args) if args.persons else list(face_set.dogs(args.data))
    held_out = [face for face in faces if face_set.fold(face, FOLDS) == args.fold]
    net = train([face for face in faces if face_set.fold(face, FOLDS) != args.fold], args)
    torch.save(net.state_dict(), args.out)
    if held_out:
        print_errors(np.array([relative_errors(face, predict(net, face)) for face in held_out]))


if __name__ == "__main__":
    main()
