"""Writes a trained teacher as ONNX.

Input `chips`: N × 3 × side × side, RGB, normalised. Output `heatmaps`: the score of each cell before the softmax. Sides
are those of network.py.
"""

import argparse

import onnx
import torch
from torch import nn

from mungpy_training.landmarks import network


def evenly_padded(conv):
    """The same strided convolution with equal padding on both sides: its kernel is one longer and begins with zeros.

    Version 0.1 ran it in OpenCV 4.6, which reads no padding that depends on the input.
    """
    longer = conv.kernel_size[0] + 1
    out = nn.Conv2d(conv.in_channels, conv.out_channels, longer, 2, (longer - 2) // 2, groups=conv.groups, bias=False)
    with torch.no_grad():
        out.weight.zero_()
        out.weight[:, :, 1:, 1:] = conv.weight
    return out


def pad_evenly(module):
    """Replaces all strided convolutions of the module."""
    for name, child in module.named_children():
        if isinstance(child, network.SamePadded) and child.stride[0] == 2:
            setattr(module, name, evenly_padded(child))
        else:
            pad_evenly(child)


def main():
    """Exports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="IN.pt")
    parser.add_argument("target", metavar="OUT.onnx")
    args = parser.parse_args()
    net = network.load(args.source)
    pad_evenly(net)
    torch.onnx.export(
        net.eval(),
        (torch.zeros(1, 3, network.SIDE, network.SIDE),),
        args.target,
        input_names=["chips"],
        output_names=["heatmaps"],
        opset_version=9,
        dynamo=False,
        dynamic_axes={"chips": {0: "n"}, "heatmaps": {0: "n"}},
    )
    onnx.checker.check_model(onnx.load(args.target))


if __name__ == "__main__":
    main()
