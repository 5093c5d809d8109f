"""Elastic distortion of training pictures, as if somebody else had written the digits.

P. Simard, D. Steinkraus, J. Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document
Analysis" (2003). Long runs use each of MNIST's digits hundreds of times; distortion makes it different each time.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_KNOTS = 7  # along a side: about one for each digit's width
_SHIFT = 1.3  # pixels, standard deviation at each knot: a digit's parts move, its position hardly changes


def warp(pixels: Tensor, share: float) -> Tensor:
    """Distort some pictures, each in its own way.

    Args:
        pixels: uint8 ``(N, H, W)``.
        share: of the pictures that are distorted, 0..1. The others stay as sharp as they are.

    Returns:
        uint8 ``(N, H, W)`` on the same device.
    """
    chosen = (torch.rand(len(pixels), device=pixels.device) < share).nonzero()[:, 0]
    if not len(chosen):
        return pixels
    height, width = pixels.shape[1:]
    size = torch.tensor([2 / width, 2 / height], device=pixels.device)  # of a pixel, as grid_sample counts
    knots = torch.randn((len(chosen), 2, _KNOTS, _KNOTS), device=pixels.device) * _SHIFT * size[:, None, None]
    shifts = F.interpolate(knots, (height, width), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    straight = F.affine_grid(torch.eye(2, 3, device=pixels.device)[None], [1, 1, height, width], align_corners=False)
    seen = F.grid_sample(
        pixels[chosen, None].float(), straight + shifts, mode="bilinear", padding_mode="border", align_corners=False
    )
    warped = pixels.clone()
    warped[chosen] = seen[:, 0].round().to(torch.uint8)
    return warped
