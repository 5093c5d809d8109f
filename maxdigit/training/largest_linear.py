"""A reparameterisation of the plain CNN's last layer for training; the published layer is what is saved."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LargestLinear(nn.Module):
    """A linear layer on a flattened map, parameterised as *M (P sums + own x)* plus its initial value.

    The layer has to compute the largest of the digits present: evidence of a digit counts for it and against each
    smaller one. The matrix M is initialised accordingly, and trained too. P takes the normalised sums of each channel
    over all cells, so that a digit learned in one cell is recognised in all; ``own`` has a weight for each cell, as the
    published layer has. All of it is linear: :meth:`fold` gives the plain layer.

    Args:
        layer: the layer whose output is the initial output.
        channels: of the map that is flattened channel by channel.
        is_new: the layer is untrained: start from small shared detectors instead.
    """

    def __init__(self, layer: nn.Linear, channels: int, *, is_new: bool) -> None:
        super().__init__()
        digits = layer.out_features
        combine = 2 * torch.eye(digits) - 4 * torch.ones(digits, digits).triu(1)
        self.combine = nn.Parameter(combine)
        self.norm = nn.BatchNorm1d(channels)
        self.shared = nn.Linear(channels, digits)
        nn.init.zeros_(self.shared.bias)
        self.own = nn.Parameter(torch.zeros_like(layer.weight))
        # M's inverse has entries in the thousands, so the initial layer is added rather than expressed through M.
        self.register_buffer("before", layer.weight.detach().float().clone())
        if is_new:
            nn.init.normal_(self.shared.weight, std=0.02)
            nn.init.zeros_(self.before)
        else:
            nn.init.zeros_(self.shared.weight)
        self.bias = nn.Parameter(layer.bias.detach().float().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, digits)`` of flattened maps ``(N, channels x cells)``."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            sums = x.unflatten(1, (self.norm.num_features, -1)).sum(2)
            evidence = self.shared(self.norm(sums)) + x @ self.own.T
            return evidence @ self.combine.T + x @ self.before.T + self.bias

    @torch.no_grad()
    def fold(self) -> nn.Linear:
        """The published layer with the same output in inference."""
        norm = self.norm
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        shared = self.shared.weight * scale
        cells = self.own.shape[1] // norm.num_features
        constant = self.shared.weight @ (norm.bias - norm.running_mean * scale) + self.shared.bias
        layer = nn.Linear(self.own.shape[1], self.own.shape[0], device=self.own.device)
        layer.weight.copy_(self.before + self.combine @ (self.own + shared.repeat_interleave(cells, 1)))
        layer.bias.copy_(self.combine @ constant + self.bias)
        return layer
