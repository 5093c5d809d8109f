"""Muon for hidden kernels, AdamW for all other weights, and learning rates that decay together."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from maxdigit.training.muon import Muon

_WIDE = 4096  # inputs of a linear layer from which on its learning rate falls
_WIDTH = 512  # the rate is multiplied by this and divided by the number of inputs


class Optimizers:
    """The optimizers of a network, used as one.

    Weight decay applies to matrices and kernels only, not to biases and batch-norm scales. Adam moves every weight by
    about the learning rate, so a linear layer's output changes by about the rate times its width; for very wide
    layers the rate is reduced accordingly, as in G. Yang et al., "Tensor Programs V" (2022).

    Args:
        weights: all weights to be trained.
        kernels: the subset that Muon trains; may be empty.
        kernel_rate: Muon's full learning rate.
        rate: AdamW's.
        weight_decay: AdamW's.
        betas: AdamW's.
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        kernels: list[nn.Parameter],
        *,
        kernel_rate: float,
        rate: float,
        weight_decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        hidden = {id(kernel) for kernel in kernels}
        others = [weight for weight in weights if id(weight) not in hidden]
        matrices = [weight for weight in others if weight.ndim > 1]
        wide = [weight for weight in matrices if weight.ndim == 2 and weight.shape[1] > _WIDE]
        narrow = [weight for weight in matrices if not any(weight is other for other in wide)]
        groups = [{"params": [weight], "lr": rate * _WIDTH / weight.shape[1]} for weight in wide]
        groups += [{"params": narrow, "lr": rate}]
        groups += [{"params": [weight for weight in others if weight.ndim <= 1], "lr": rate, "weight_decay": 0.0}]
        adam = torch.optim.AdamW(groups, betas=betas, weight_decay=weight_decay)
        self._optimizers: list[torch.optim.Optimizer] = [Muon(kernels, kernel_rate), adam] if kernels else [adam]
        self._full_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self._optimizers]

    @property
    def rate(self) -> float:
        """The current learning rate: Muon's, or AdamW's if Muon trains nothing."""
        return self._optimizers[0].param_groups[0]["lr"]

    def prepare_step(self, factor: float) -> None:
        """Set all rates to ``factor`` times their full value, and all gradients to zero."""
        for optimizer, rates in zip(self._optimizers, self._full_rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = factor * rate
            optimizer.zero_grad()

    def step(self) -> None:
        """One step along the gradients."""
        for optimizer in self._optimizers:
            optimizer.step()
