"""The landmark network that is shipped: a residual network of plain convolutions, which dlib runs.

src/vision/networks.h has the same architecture. Where both upsample, they interpolate between the centres of the corner
cells, as dlib does.
"""

import torch
from torch import nn
from torch.nn import functional

from mungpy_training.landmarking import CHIP_SIDE, INPUT_UNIT, LANDMARKS

# Channels at strides 2, 4, 8 and 16, and the residual blocks at each stride.
WIDTHS, BLOCKS = (16, 32, 64, 128), (0, 1, 2, 4)
DECODED = 48  # channels before the heads
SCORE = LANDMARKS  # the channel whose mean is the face score, after those of the landmarks


def convolution(before, after, kernel, stride=1):
    """A convolution with batch normalisation, padded by half its kernel."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(after),
    )


class Residual(nn.Module):
    """Two convolutions, to whose result the input is added."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.second = convolution(channels, channels, 3), convolution(channels, channels, 3)

    def forward(self, x):
        """Convolves twice and adds the input."""
        return functional.relu(x + self.second(functional.relu(self.first(x))))


class Stage(nn.Module):
    """A strided convolution and some residual blocks."""

    def __init__(self, before, after, kernel, blocks):
        super().__init__()
        self.down = convolution(before, after, kernel, 2)
        self.blocks = nn.Sequential(*[Residual(after) for _ in range(blocks)])

    def forward(self, x):
        """Halves the map."""
        return self.blocks(functional.relu(self.down(x)))


def doubled(x):
    """The map at twice the size."""
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


class Student(nn.Module):
    """Chips (N × 3 × side × side, normalised) → maps (N × landmarks + 1 × side / CELL × side / CELL).

    The maps are the scores of each landmark's cells, and one whose mean is the face score.
    """

    side, unit = CHIP_SIDE, INPUT_UNIT

    def __init__(self):
        super().__init__()
        before, stages = 3, []
        for width, blocks, kernel in zip(WIDTHS, BLOCKS, (5, 3, 3, 3), strict=True):
            stages.append(Stage(before, width, kernel, blocks))
            before = width
        self.stages = nn.ModuleList(stages)
        _, fine, middle, coarse = WIDTHS
        self.to_middle, self.at_middle = nn.Conv2d(coarse, middle, 1), convolution(middle, middle, 3)
        self.to_fine, self.at_fine = nn.Conv2d(middle, fine, 1), convolution(fine, DECODED, 3)
        self.heads = nn.Conv2d(DECODED, LANDMARKS + 1, 1)

    def forward(self, x):
        """The maps."""
        read = []
        for stage in self.stages:
            x = stage(x)
            read.append(x)
        _, fine, middle, x = read
        x = functional.relu(self.at_middle(doubled(self.to_middle(x)) + middle))
        x = functional.relu(doubled(self.to_fine(x)) + fine)
        return self.heads(functional.relu(self.at_fine(x)))


def load(path):
    """A trained network, ready to predict."""
    net = Student()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()


def parts(maps):
    """The scores of the landmarks' cells, and the face scores."""
    return maps[:, :SCORE], maps[:, SCORE].mean((1, 2))
