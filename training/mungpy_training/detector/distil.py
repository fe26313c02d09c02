"""Trains the student on the teacher's score maps and writes the student's folded weights."""

import argparse
import copy
import time

import numpy as np
import torch

from mungpy_training import weights
from mungpy_training.detector import networks
from mungpy_training.detector import photos as photo_set

FLOOR = -1.0  # a score below it means that nothing is there: how far below does not matter


def loss_of(scores, target, empty):
    """The weighted difference from the teacher's scores: its mean, and that of each window."""
    rows, columns = (min(a, b) for a, b in zip(scores.shape[2:], target.shape[2:], strict=True))
    scores, target = scores[:, :, :rows, :columns], target[:, :, :rows, :columns]
    target = torch.where(empty[:, None, None, None], torch.full_like(target, FLOOR), target.clamp(min=FLOOR))
    error = torch.where((target <= FLOOR) & (scores < FLOOR), torch.zeros_like(scores), scores - target)
    # Nearly all cells are background. The few that may become a detection decide recall and place.
    closeness = torch.maximum(target, scores.detach())
    weight = 1 + 15 * ((closeness - FLOOR) / -FLOOR).clamp(0, 1)
    huber = torch.nn.functional.smooth_l1_loss(error, torch.zeros_like(error), beta=0.5, reduction="none")
    per_photo = (weight * huber).mean(dim=(1, 2, 3))
    return per_photo.mean(), per_photo.detach()


def follow(average, net, keep):
    """Moves the averaged weights towards those of the network."""
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
            slow.lerp_(fast, 1 - keep) if slow.is_floating_point() else slow.copy_(fast)


def rate(now, peak):
    """The learning rate: it rises over the first 3 % of the time, then falls to nothing along a cosine."""
    return peak * min(now / 0.03, 1) * 0.5 * (1 + np.cos(np.pi * min(now, 1)))


def first_hardness(photo):
    """How often a photo comes at first: heads that fill it are hard, and photos without a known head tell little."""
    if any(head[2] - head[0] > 0.5 * photo_set.SIDE for head in photo.heads):
        return 2.0
    return 1.0 if photo.heads or photo.empty else 0.4


def train(args):
    """Trains for the given CPU time and writes the averaged weights."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    photos = photo_set.training_photos(args.data)
    layout = torch.channels_last  # with bfloat16 below: twice as fast where the CPU has it
    teacher = networks.teacher(args.teacher).to(memory_format=layout)
    net = networks.student(args.start).to(memory_format=layout)
    average = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=1e-4)
    # Photos that the student gets wrong come more often.
    hardness = np.array([first_hardness(photo) for photo in photos])
    print(f"{len(photos)} photos, {sum(map(len, (p.heads for p in photos)))} heads", flush=True)
    start, step, losses = time.process_time(), 0, []
    while (now := (time.process_time() - start) / (60 * args.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate(now, args.rate)
        images, chosen, empty = photo_set.sample_batch(photos, hardness / hardness.sum(), args.batch, rng)
        images = torch.from_numpy(images).to(memory_format=layout)
        with torch.autocast("cpu", torch.bfloat16):
            scores, target = networks.score(net, images).float(), teacher(images).float()
        loss, per_photo = loss_of(scores, target, torch.from_numpy(empty))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimiser.step()
        follow(average, net, min(0.998, 1 - 1 / (step + 1)))
        relative = np.clip(per_photo.numpy() / per_photo.mean().item(), 0.3, 4)
        hardness[chosen] = 0.8 * hardness[chosen] + 0.2 * relative
        losses.append(loss.item())
        step += 1
        if step % 200 == 0:
            print(f"{100 * now:5.1f} %  step {step}  loss {np.mean(losses[-200:]):.4f}", flush=True)
            weights.save(average, args.out)
    weights.save(average, args.out)


def main():
    """Trains as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder of dog-pool, dog-faces, dog-identities and people")
    parser.add_argument("teacher", metavar="TEACHER.weights", help="what `convert teacher` wrote")
    parser.add_argument("out", metavar="OUT.weights")
    parser.add_argument("--start", help="folded weights to go on from")
    parser.add_argument("--minutes", type=float, default=45, help="CPU time")
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--batch", type=int, default=32, help="windows in a batch")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
