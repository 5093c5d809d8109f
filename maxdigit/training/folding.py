"""Folds batch norm into the layer of weights before it, and splits it off again.

A layer is easier to train if a batch norm follows it. In inference a batch norm is an affine map of each channel, and
an affine map after a convolution or a linear layer is again such a layer. So the training form of a model has norms
that the published one lacks, and saving folds them into the published layers exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Norm = nn.BatchNorm1d | nn.BatchNorm2d
Weighted = nn.Conv2d | nn.Linear


@torch.no_grad()
def fold_norm(layer: Weighted, norm: Norm) -> tuple[Tensor, Tensor]:
    """Weight and bias, in float64, of the single layer that equals ``norm`` after ``layer`` in inference."""
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    weight = layer.weight.double() * scale.view(-1, *[1] * (layer.weight.ndim - 1))
    bias = 0.0 if layer.bias is None else layer.bias.double()
    return weight, norm.bias.double() + (bias - norm.running_mean.double()) * scale


@torch.no_grad()
def unfold_norm(norm: Norm, bias: Tensor, mean: Tensor, variance: Tensor) -> None:
    """Set a new norm so that it adds ``bias`` and nothing else, in inference exactly and in training on average.

    Args:
        norm: follows a layer without a bias.
        bias: ``(channels,)``, of the published layer.
        mean: ``(channels,)``, of the norm's inputs over many pictures.
        variance: ``(channels,)``, likewise.
    """
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean + bias)


@dataclass(frozen=True)
class Normed:
    """Consecutive layers, and the batch norm after the last: the scale of their weights does not matter."""

    layers: Sequence[nn.Conv2d]
    norm: nn.BatchNorm2d


def normed_convolutions(module: nn.Module) -> list[Normed]:
    """The convolutions in ``module`` that are directly followed by a batch norm, in order."""
    modules = list(module.modules())
    return [
        Normed([layer], norm)
        for layer, norm in zip(modules, modules[1:], strict=False)
        if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    ]


@torch.no_grad()
def set_norms(parts: Sequence[Normed]) -> None:
    """Scale each hidden kernel to the norm that :class:`maxdigit.training.muon.Muon` keeps, and the moments with it.

    The network's output in inference does not change.
    """
    for part in parts:
        scale = torch.ones((), device=part.norm.weight.device)
        for layer in part.layers:
            if is_hidden(layer.weight):
                change = len(layer.weight) ** 0.5 / layer.weight.norm().clamp(min=1e-12)
                layer.weight.mul_(change)
                scale = scale * change
            if layer.bias is not None:
                layer.bias.mul_(scale)
        norm = part.norm
        variance = norm.running_var * scale**2
        norm.weight.mul_(((variance + norm.eps) / (scale**2 * (norm.running_var + norm.eps))).sqrt())
        norm.running_mean.mul_(scale)
        norm.running_var.copy_(variance)


def is_hidden(kernel: Tensor) -> bool:
    """Whether a kernel ``(out, in, height, width)`` has more than the picture's one input channel."""
    return kernel.shape[1] > 1
