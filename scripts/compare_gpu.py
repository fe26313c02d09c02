"""Tables of what scripts/compare-gpu measured."""

import json
import math
import sys
from pathlib import Path

# A photo measures the same if its landmarks move by less than this share of the distance between the eyes.
SAME = 0.0005
STAGES = ("decode", "detect", "landmarks", "describe")


def photos(path: Path, expected: list[str]) -> dict:
    """The photos of a run by name; ends the program if the run did not look at all of them."""
    found = {photo["photo"]: photo for photo in map(json.loads, path.read_text().splitlines())}
    if missing := [name for name in expected if name not in found]:
        log = "\n".join(Path(f"{path}.log").read_text().splitlines()[-5:])
        sys.exit(f"{log}\n{path.name}: {len(missing)} of {len(expected)} photos are missing, the first is {missing[0]}")
    return found


def eye_distance(landmarks: list) -> float:
    left, right = ([sum(axis) / 4 for axis in zip(*landmarks[i : i + 4], strict=True)] for i in (0, 4))
    return math.dist(left, right)


def moved(one: dict, other: dict) -> float:
    pairs = zip(one["landmarks"], other["landmarks"], strict=True)
    return max(math.dist(a, b) for a, b in pairs) / eye_distance(one["landmarks"])


def compare(cpu: dict, gpu: dict) -> str:
    both = [name for name in cpu if "landmarks" in cpu[name] and "landmarks" in gpu[name]]
    unlike = sum(("landmarks" in cpu[name]) != ("landmarks" in gpu[name]) for name in cpu)
    shifts = sorted(moved(cpu[name], gpu[name]) for name in both)
    beyond = sum(shift > SAME for shift in shifts)
    largest = f"{100 * shifts[-1]:.4f} %" if shifts else "none"
    return f"{len(both)} faces on both, {unlike} on one alone; largest move {largest}, {beyond} beyond {100 * SAME} %"


def stages(log: Path) -> dict:
    """Seconds of each stage, summed over the workers."""
    sums = dict.fromkeys(STAGES, 0.0)
    for line in log.read_text().splitlines():
        try:
            fields = json.loads(line).get("fields", {})
        except json.JSONDecodeError:
            continue
        for stage in STAGES:
            sums[stage] += float(fields.get(f"{stage}_us", 0)) / 1e6
    return sums


def row(name: str, path: Path, count: int) -> str:
    seconds = float(Path(f"{path}.seconds").read_text())
    sums = stages(Path(f"{path}.log"))
    total = sum(sums.values()) or 1.0
    shares = " | ".join(f"{100 * sums[stage] / total:.0f} %" for stage in STAGES)
    return f"| {name} | {count / seconds:.1f} | {shares} |"


def main(work: Path, sizes: list[str]) -> None:
    names = (work / "photos").read_text(errors="replace").split("\0")[:-1]
    cpu = photos(work / "cpu", names)
    gpu = {size: photos(work / f"gpu-{size}", names) for size in sizes}
    print("| run | photos/s | " + " | ".join(STAGES) + " |")
    print("|---" * (2 + len(STAGES)) + "|")
    print(row("CPU", work / "cpu", len(names)))
    for size in sizes:
        print(row(f"GPU, batch {size}", work / f"gpu-{size}", len(names)))
    for size in sizes:
        print(f"CPU and GPU with batch {size}: {compare(cpu, gpu[size])}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
