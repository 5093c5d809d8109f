"""Widens a network to twice its channels so that it computes the same.

T. Chen, I. Goodfellow, J. Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer" (2016): each channel is
duplicated, and the weights that use it are halved. A little noise of opposite sign separates the two copies; otherwise
they would have the same gradients and stay equal.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maxdigit.errors import TrainingError

NOISE = 0.1  # standard deviation of the noise, as a share of the kernel's own


@torch.no_grad()
def widen(small: nn.Module, large: nn.Module, *, noise: float = NOISE, seed: int = 0) -> None:
    """Set the weights of ``large`` so that it computes the same function as ``small``, apart from the noise.

    Args:
        small: any network of convolutions, batch norms and linear layers.
        large: the same with twice the channels, except in its input and output.
        noise: added to one of two equal kernels and subtracted from the other, as a share of their standard deviation.
        seed: of the noise.

    Raises:
        TrainingError: ``large`` is not ``small`` at twice the width.
    """
    generator = torch.Generator().manual_seed(seed)
    found, wanted = small.state_dict(), large.state_dict()
    if found.keys() != wanted.keys():
        raise TrainingError("Only a network of half the width can be widened, and these two have other layers.")
    for name, target in wanted.items():
        target.copy_(_widened(found[name], target, name, noise, generator))


def _widened(value: Tensor, target: Tensor, name: str, noise: float, generator: torch.Generator) -> Tensor:
    doubled = [axis for axis in range(value.ndim) if value.shape[axis] != target.shape[axis]]
    if any(axis > 1 or 2 * value.shape[axis] != target.shape[axis] for axis in doubled) or value.ndim != target.ndim:
        raise TrainingError(
            f"Only a network of half the width can be widened: {name} is {tuple(value.shape)} and should become "
            f"{tuple(target.shape)}."
        )
    if 1 in doubled:  # inputs
        value = torch.cat([value, value], 1) / 2
    if 0 in doubled:  # outputs
        value = torch.cat([value, value])
        if value.ndim == 4 and noise:
            half = value[: len(value) // 2]
            part = torch.randn(half.shape, generator=generator) * (noise * half.std().item())
            value = value + torch.cat([part, -part]).to(value)
    return value
