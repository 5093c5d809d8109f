"""Elastic distortion of training pictures, as if somebody else had written the digits.

P. Simard, D. Steinkraus, J. Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document
Analysis" (2003). Long runs use each of MNIST's digits hundreds of times; distortion makes it different each time.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Knots along a side, and the standard deviation of their shifts in pixels. One knot for each digit's width leans,
# stretches and turns whole digits; two bend their strokes.
_SCALES = ((7, 1.4), (13, 0.9))


def warp(pixels: Tensor, share: float) -> Tensor:
    """Distort some pictures, each in its own way.

    Args:
        pixels: uint8 ``(N, H, W)``.
        share: of the pictures that are distorted, 0..1. The others stay as sharp as they are.

    Returns:
        uint8 ``(N, H, W)`` on the same device.
    """
    count = round(share * len(pixels))
    if not count:
        return pixels
    device = pixels.device
    chosen = torch.randperm(len(pixels), device=device)[:count]
    height, width = pixels.shape[1:]
    shifts = torch.zeros((count, 2, height, width), device=device)  # in pixels
    for knots, deviation in _SCALES:
        at_knots = deviation * torch.randn((count, 2, knots, knots), device=device)
        shifts += F.interpolate(at_knots, (height, width), mode="bicubic", align_corners=True)
    x, y = 2 / width * shifts[:, 0], 2 / height * shifts[:, 1]  # as grid_sample counts
    straight = F.affine_grid(torch.eye(2, 3, device=device)[None], [1, 1, height, width], align_corners=False)
    seen = F.grid_sample(
        pixels[chosen, None].float(),
        straight + torch.stack([x, y], -1),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return pixels.index_copy(0, chosen, seen[:, 0].round().to(torch.uint8))
