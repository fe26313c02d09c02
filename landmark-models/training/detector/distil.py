"""Trains the student on the teacher's score maps and writes its folded weights."""
import argparse
import copy
import time

import numpy as np
import torch

import nets
import photos as photo_set

FLOOR = -1.0  # below it both mean "nothing here": how far below does not matter


def loss_of(scores, target, empty):
    rows, columns = (min(a, b) for a, b in zip(scores.shape[2:], target.shape[2:]))
    scores, target = scores[:, :, :rows, :columns], target[:, :, :rows, :columns]
    target = torch.where(empty[:, None, None, None], torch.full_like(target, FLOOR), target.clamp(min=FLOOR))
    error = torch.where((target <= FLOOR) & (scores < FLOOR), torch.zeros_like(scores), scores - target)
    # Nearly all cells are background; those that may become a detection decide recall and place.
    closeness = torch.maximum(target, scores.detach())
    weight = 1 + 15 * ((closeness - FLOOR) / -FLOOR).clamp(0, 1)
    huber = torch.nn.functional.smooth_l1_loss(error, torch.zeros_like(error), beta=0.5, reduction="none")
    per_photo = (weight * huber).mean(dim=(1, 2, 3))
    return per_photo.mean(), per_photo.detach()


def follow(average, net, keep):
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), net.state_dict().values()):
            slow.lerp_(fast, 1 - keep) if slow.is_floating_point() else slow.copy_(fast)


def save(net, path):
    with open(path, "wb") as out:
        for weight, bias in nets.folded(net):
            out.write(weight.astype(np.float32).tobytes() + bias.astype(np.float32).tobytes())


def rate(now, peak):
    """Warm up over the first 3 % of the time, then a cosine down to nothing."""
    return peak * min(now / 0.03, 1) * 0.5 * (1 + np.cos(np.pi * min(now, 1)))


def train(args):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    photos = photo_set.training_photos(args.data)
    layout = torch.channels_last  # and bfloat16: twice as fast where the CPU has it
    teacher, net = nets.teacher(args.teacher).to(memory_format=layout), nets.student(args.start).to(memory_format=layout)
    average = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=1e-4)
    # Photos that the student gets wrong come more often.
    large = [any(h[2] - h[0] > 0.5 * photo_set.SIDE for h in p.heads) for p in photos]
    hardness = np.array([2.0 if big else 1.0 if p.heads or p.empty else 0.4 for p, big in zip(photos, large)])
    print(f"{len(photos)} photos, {sum(map(len, (p.heads for p in photos)))} heads", flush=True)
    start, step, shown = time.process_time(), 0, []
    while (now := (time.process_time() - start) / (60 * args.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate(now, args.rate)
        images, chosen, empty = photo_set.batch(photos, hardness / hardness.sum(), args.batch, rng)
        images = torch.from_numpy(images).to(memory_format=layout)
        with torch.autocast("cpu", torch.bfloat16):
            scores, target = nets.score(net, images).float(), teacher(images).float()
        loss, per_photo = loss_of(scores, target, torch.from_numpy(empty))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimiser.step()
        follow(average, net, min(0.998, 1 - 1 / (step + 1)))
        relative = np.clip(per_photo.numpy() / per_photo.mean().item(), 0.3, 4)
        hardness[chosen] = 0.8 * hardness[chosen] + 0.2 * relative
        shown.append(loss.item())
        step += 1
        if step % 200 == 0:
            print(f"{100 * now:5.1f} %  step {step}  loss {np.mean(shown[-200:]):.4f}", flush=True)
            save(average, args.out)
    save(average, args.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("teacher", help="weights written by teacher_weights")
    parser.add_argument("out")
    parser.add_argument("--start", help="folded weights to go on from")
    parser.add_argument("--minutes", type=float, default=45, help="CPU time")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--batch", type=int, default=32)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
