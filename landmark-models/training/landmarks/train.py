"""Trains the landmark network; with --fold, for a cross-validation.

train.py DATA OUT.pt             on all dogs
train.py DATA OUT.pt --fold K    without the K-th fifth, and reports the errors on it
train.py DATA OUT.pt --persons FOUND.jsonl --mesh MESH.jsonl
    on the persons that are not held out, in the boxes that mungpy extract found, with the points of mesh.py made steady
"""
import argparse
import copy

import numpy as np
import torch

import faces as face_set
import net as network
import persons as person_set
from looks import predict

FOLDS = 5
GROUPS = {"all": slice(0, 16), "eyes": slice(0, 8), "nose": slice(8, 12), "mouth": slice(12, 16)}


def loss_of(scores, points, visible, interocular):
    """Expected position against the mark, and the shape of the heat map."""
    found, probability = network.soft_argmax(scores)
    far = (found - points).norm(dim=-1) / interocular[:, None]
    position = torch.where(far < 0.05, far**2 / 0.1, far - 0.025)
    cells = (torch.arange(scores.shape[-1]) + 0.5) * network.CELL - 0.5
    x = torch.exp(-0.5 * ((cells - points[..., :1]) / 5.0) ** 2)
    y = torch.exp(-0.5 * ((cells - points[..., 1:]) / 5.0) ** 2)
    wanted = y[..., :, None] * x[..., None, :]
    wanted = wanted / wanted.sum((-1, -2), keepdim=True).clamp(min=1e-6)
    entropy = -(wanted * (probability + 1e-9).log()).sum((-1, -2))
    weight = visible.float()
    return (((position * 4 + entropy * 0.05) * weight).sum(1) / weight.sum(1).clamp(min=1)).mean()


def follow(average, net, keep):
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), net.state_dict().values()):
            slow.lerp_(fast, 1 - keep) if slow.is_floating_point() else slow.copy_(fast)


def batch(faces, chosen, rng, bending, others):
    images, points, visible = zip(*(face_set.varied(faces[i], rng, bending, others) for i in chosen))
    points = torch.from_numpy(np.stack(points))
    interocular = (points[:, 0:4].mean(1) - points[:, 4:8].mean(1)).norm(dim=-1)
    return torch.from_numpy(np.stack(images)), points, torch.from_numpy(np.stack(visible)), interocular


def train(faces, args):
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    layout = torch.channels_last
    net = network.pretrained().to(memory_format=layout).train()
    if args.start:
        net.load_state_dict(torch.load(args.start, weights_only=True))
    average = copy.deepcopy(net).eval()
    backbone = set(net.backbone.parameters())
    optimiser = torch.optim.AdamW([
        {"params": list(backbone), "peak": args.rate * 0.4},
        {"params": [p for p in net.parameters() if p not in backbone], "peak": args.rate},
    ], weight_decay=0.02)
    weights = np.array([getattr(face, "weight", 1.0) for face in faces])
    others = [face for face in faces if face.visible.all()] if args.reshaping else []
    steps, shown = int(args.epochs * weights.sum() / args.batch), []
    for step in range(steps):
        now = step / steps
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * min(now / 0.05, 1) * 0.5 * (1 + np.cos(np.pi * now))
        chosen = rng.choice(len(faces), args.batch, p=weights / weights.sum())
        images, points, visible, interocular = batch(faces, chosen, rng, args.bending, others)
        loss = loss_of(net(images.to(memory_format=layout)), points, visible, interocular)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2)
        optimiser.step()
        follow(average, net, min(0.995, 1 - 1 / (step + 1)))
        shown.append(loss.item())
        if step % 100 == 99:
            print(f"{100 * now:5.1f} %  loss {np.mean(shown[-100:]):.4f}", flush=True)
    return average


def persons(args):
    faces = [face for face in person_set.boxed(args.data, args.persons) if not person_set.is_held_out(face.person)]
    faces = person_set.meshed(faces, args.mesh)
    person_set.steady(faces)
    return faces


def errors(net, faces):
    """Distance of each point from its mark over the interocular distance; NaN where hidden."""
    rows = []
    for face in faces:
        far = np.linalg.norm(predict(net, face) - face.points, axis=1) / face.interocular
        rows.append(np.where(face.visible, far, np.nan))
    return np.array(rows)


def table(rows):
    with np.errstate(all="ignore"):
        for name, part in GROUPS.items():
            nme = 100 * np.nanmean(rows[:, part], axis=1)
            nme = nme[~np.isnan(nme)]
            print(f"{name:6} {nme.mean():6.2f} %  median {np.median(nme):.2f}  above 15 %: {100 * (nme > 15).mean():.1f} %  ({len(nme)} faces)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--fold", type=int)
    parser.add_argument("--persons")
    parser.add_argument("--mesh")
    parser.add_argument("--start", metavar="IN.pt", help="network to go on from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=float, default=45)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--bending", type=float, default=0, help="pixels of the chip that proportions are varied by")
    parser.add_argument("--reshaping", action="store_true", help="every second face gets proportions on the way to another's")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    faces = persons(args) if args.persons else list(face_set.dogs(args.data))
    held = [f for f in faces if face_set.fold(f, FOLDS) == args.fold]
    net = train([f for f in faces if f not in held], args)
    torch.save(net.state_dict(), args.out)
    if held:
        rows = errors(net, held)
        np.save(args.out + ".npy", rows)
        table(rows)


if __name__ == "__main__":
    main()
