"""Writes a trained network as ONNX for OpenCV's dnn module: export.py IN.pt OUT.onnx

Input `chips`: N × 3 × SIDE × SIDE, RGB, (value − 127) / 128. Output `heatmaps`:
N × POINTS × SIDE / CELL × SIDE / CELL, the score of each cell before the softmax.
"""
import sys

import onnx
import torch
from torch import nn

import net as network


def symmetric(conv):
    """The same strided convolution with equal padding on both sides: a kernel one longer that begins with zeros.

    OpenCV 4.6 reads no padding that depends on the input.
    """
    longer = conv.kernel_size[0] + 1
    out = nn.Conv2d(conv.in_channels, conv.out_channels, longer, 2, (longer - 2) // 2, groups=conv.groups, bias=False)
    with torch.no_grad():
        out.weight.zero_()
        out.weight[:, :, 1:, 1:] = conv.weight
    return out


def without_uneven_padding(module):
    for name, child in module.named_children():
        if isinstance(child, network.SamePadded) and child.stride[0] == 2:
            setattr(module, name, symmetric(child))
        else:
            without_uneven_padding(child)


def main():
    source, target = sys.argv[1:]
    net = network.load(source)
    without_uneven_padding(net)
    chips = torch.zeros(1, 3, network.SIDE, network.SIDE)
    torch.onnx.export(net.eval(), (chips,), target, input_names=["chips"], output_names=["heatmaps"], opset_version=9,
                      dynamo=False, dynamic_axes={"chips": {0: "n"}, "heatmaps": {0: "n"}})
    onnx.checker.check_model(onnx.load(target))


if __name__ == "__main__":
    main()
