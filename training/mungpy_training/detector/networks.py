"""The networks of the detector: the published teacher and the student. Both map pixels to scores at stride 8."""

import numpy as np
import torch
from torch import nn

# Filters, kernel and stride of each convolution, as in native/networks.h.
TEACHER = [(16, 5, 2), (32, 5, 2), (32, 5, 2), (45, 5, 1), (45, 5, 1), (45, 5, 1), (1, 9, 1)]
STUDENT = [(10, 3, 2), (20, 5, 2), (32, 5, 2), (48, 3, 1), (48, 3, 1), (48, 3, 1), (16, 1, 1), (1, 9, 1)]


def convolution(before, filters, kernel, stride, bias):
    """A convolution padded as dlib pads: by half the kernel, but not at all where it strides."""
    return nn.Conv2d(before, filters, kernel, stride, 0 if stride > 1 else kernel // 2, bias=bias)


def teacher(path):
    """The teacher from the weights that native/convert.cc wrote, with each affine layer folded into its convolution."""
    data, layers, before = np.fromfile(path, np.float32), [], 3

    def take(*shape):
        nonlocal data
        size = int(np.prod(shape))
        head, data = data[:size], data[size:]
        return torch.tensor(head.reshape(shape))

    for filters, kernel, stride in TEACHER:
        layer = convolution(before, filters, kernel, stride, True)
        weight, bias = take(filters, before, kernel, kernel), take(filters)
        if filters > 1:
            gamma, beta = take(filters), take(filters)
            weight, bias = weight * gamma[:, None, None, None], bias * gamma + beta
        layer.weight.data, layer.bias.data = weight, bias
        layers += [layer] + [nn.ReLU()] * (filters > 1)
        before = filters
    if data.size:
        raise ValueError(f"{path}: the weights are of another network")
    return nn.Sequential(*layers).eval().requires_grad_(False)


def student(weights=None):
    """A fresh student with batch normalisation, or one without it from the folded weights of an earlier training."""
    layers, before = [], 3
    for filters, kernel, stride in STUDENT:
        plain = weights is not None or filters == 1
        layers += [convolution(before, filters, kernel, stride, plain)]
        layers += [] if plain else [nn.BatchNorm2d(filters)]
        layers += [nn.ReLU()] * (filters > 1)
        before = filters
    nn.init.constant_(layers[-1].bias, -1)
    net = nn.Sequential(*layers)
    if weights is not None:
        values = torch.from_numpy(np.fromfile(weights, np.float32))
        nn.utils.vector_to_parameters(values, net.parameters())
    return net


def score(net, images):
    """The student's score map in the teacher's cells.

    The student's first kernel is 3 wide and the teacher's is 5, so the student's first cell looks one pixel further to
    the left and up. Without that pixel the cells coincide.
    """
    return net(images[:, :, 1:, 1:])
