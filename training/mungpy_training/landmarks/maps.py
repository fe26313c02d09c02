"""Writes what torch computes of a chip with the weights of a student, for comparison with dlib.

The 17 maps are written as plain floats of 32 bits, map by map and row by row.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mungpy_training.files import read_rgb
from mungpy_training.landmarks import student
from mungpy_training.landmarks.faces import normalised


def of_weights(path):
    """The network whose folded weights mungpy_training.landmarks.finish wrote: without normalisation."""
    net, values = student.Student().eval(), torch.from_numpy(np.fromfile(path, np.float32))
    for module in net.modules():
        if isinstance(module, nn.Conv2d) and module.bias is None:
            module.bias = nn.Parameter(torch.zeros(module.out_channels))
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0  # with the statistics of a fresh network it changes nothing
    parameters = [value for module in net.modules() if isinstance(module, nn.Conv2d) for value in module.parameters()]
    nn.utils.vector_to_parameters(values, parameters)
    return net


def maps_of(net, chip):
    """The maps of a chip (side × side × 3 bytes)."""
    with torch.no_grad():
        return net(torch.from_numpy(normalised(chip))[None])[0].numpy()


def main():
    """Writes the maps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", metavar="IN.weights")
    parser.add_argument("chip", metavar="CHIP.png")
    parser.add_argument("maps", type=Path, metavar="OUT.maps")
    args = parser.parse_args()
    args.maps.write_bytes(maps_of(of_weights(args.weights), read_rgb(args.chip)).astype("<f4").tobytes())


if __name__ == "__main__":
    main()
