"""From a network of half the channels to one of all of them that computes the same.

T. Chen, I. Goodfellow, J. Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer" (2016): each channel stands
twice, and what reads it counts each of the two for half. A little noise, opposite in the two, parts them; otherwise
they would have the same gradients and stay twins.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maxdigit.errors import TrainingError

NOISE = 0.1  # standard deviation of the noise, as a share of the kernel's own


@torch.no_grad()
def widen(small: nn.Module, large: nn.Module, *, noise: float = NOISE, seed: int = 0) -> None:
    """Give ``large`` the weights that make it compute what ``small`` computes, but for the noise.

    Args:
        small: any network of convolutions, batch norms and linear layers.
        large: the same with twice the channels, but for its input and its answers.
        noise: added to one of two twin kernels and taken from the other, as a share of their standard deviation.
        seed: of the noise.

    Raises:
        TrainingError: the one is not the other at twice the width.
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
