"""The weights of a trained network, as native/convert.cc reads them."""

from pathlib import Path

import numpy as np
import torch
from torch import nn


def folded(net):
    """Weight and bias of each convolution in the order in which they run, with its normalisation folded in."""
    modules = list(net.modules())
    for module, following in zip(modules, [*modules[1:], None], strict=True):
        if not isinstance(module, nn.Conv2d):
            continue
        weight, bias = module.weight.detach(), module.bias
        if isinstance(following, nn.BatchNorm2d):
            gain = following.weight.detach() / torch.sqrt(following.running_var + following.eps)
            weight, bias = weight * gain[:, None, None, None], following.bias - following.running_mean * gain
        yield weight.numpy(), bias.detach().numpy()


def save(net, path):
    """Writes the folded weights as plain floats, as native/convert.cc reads them."""
    with Path(path).open("wb") as out:
        for weight, bias in folded(net):
            out.write(weight.astype(np.float32).tobytes() + bias.astype(np.float32).tobytes())
