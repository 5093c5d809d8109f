"""The network that finds the ink in a picture: a small U-Net, trained on generated scenes.

After O. Ronneberger, P. Fischer, T. Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation" (2015), and
J. Calvo-Zaragoza, A.-J. Gallego, "A selectional auto-encoder approach for document image binarization" (2019); the
last step to full resolution is that of W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an
Efficient Sub-Pixel Convolutional Neural Network" (2016).
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from maxdigit.threads import one_thread

_WIDTHS = (24, 40, 64, 96)  # channels at 1/2, 1/4, 1/8 and 1/16 of the picture's resolution


class _Block(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, channels_in: int, channels_out: int, size: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class InkNetwork(nn.Module):
    """RGB pictures to a map of ink, and to whether they look like the competition's textured pictures."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = _WIDTHS
        self.down1 = nn.Sequential(_Block(3, half, size=5, stride=2), _Block(half, half))
        self.down2 = nn.Sequential(_Block(half, quarter, stride=2), _Block(quarter, quarter), _Block(quarter, quarter))
        self.down3 = nn.Sequential(_Block(quarter, eighth, stride=2), _Block(eighth, eighth), _Block(eighth, eighth))
        self.down4 = nn.Sequential(
            _Block(eighth, sixteenth, stride=2), _Block(sixteenth, sixteenth), _Block(sixteenth, sixteenth)
        )
        self.to3, self.up3 = nn.Conv2d(sixteenth, eighth, 1), _Block(eighth, eighth)
        self.to2, self.up2 = nn.Conv2d(eighth, quarter, 1), _Block(quarter, quarter)
        self.to1, self.up1 = nn.Conv2d(quarter, half, 1), _Block(half, half)
        self.ink = nn.Conv2d(half, 4, 3, padding=1)
        self.competition = nn.Linear(sixteenth, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of ink and of the competition's look.

        Args:
            pictures: float ``(N, 3, H, W)``, 0..1, red, green, blue; ``H`` and ``W`` multiples of 16.

        Returns:
            ``(N, H, W)``: above 0 where ink is more likely than none; and ``(N,)``.
        """
        first, second, third, fourth = self._levels(pictures)
        overall = fourth.mean((2, 3), keepdim=True)
        maps = self.up3(third + _doubled(self.to3(fourth + overall)))
        maps = self.up2(second + _doubled(self.to2(maps)))
        maps = self.up1(first + _doubled(self.to1(maps)))
        return F.pixel_shuffle(self.ink(maps), 2)[:, 0], self.competition(overall.flatten(1))[:, 0]

    def features(self, pictures: Tensor) -> Tensor:
        """The input of the layer ``competition``: ``(N, 96)``."""
        return self._levels(pictures)[-1].mean((2, 3))

    def _levels(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        first = self.down1((pictures - 0.5) / 0.25)
        second = self.down2(first)
        third = self.down3(second)
        return first, second, third, self.down4(third)


def to_inputs(pictures: Tensor) -> Tensor:
    """uint8 pictures ``(N, H, W, 3)`` as the network's input, on the same device."""
    inputs = pictures.permute(0, 3, 1, 2).float() / 255
    return inputs.contiguous(memory_format=torch.channels_last)


def _doubled(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2.0, mode="nearest")


def fuse(network: InkNetwork) -> InkNetwork:
    """Merge each batch norm into the convolution before it, in place: the same answers in less time."""
    for module in network.modules():
        if isinstance(module, _Block):
            convolution, norm = module[0].eval(), module[1].eval()
            assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            module[0] = torch.nn.utils.fuse_conv_bn_eval(convolution, norm)
            module[1] = nn.Identity()
    return network.eval()


class NativeInkNetwork:
    """The trained network in PyTorch, for where OpenVINO is not available."""

    def __init__(self, path: Path) -> None:
        """Read the weights.

        Raises:
            OSError, RuntimeError, SafetensorError: they are missing, damaged, or of another network.
        """
        network = InkNetwork()
        network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
        self._network = fuse(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def __call__(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities; see :class:`maxdigit.preparation.finder.SeesInk`."""
        with one_thread() if len(pictures) == 1 else nullcontext():
            ink, look = self._network(to_inputs(torch.from_numpy(pictures)))
        return ink.sigmoid().numpy(), look.sigmoid().numpy()
