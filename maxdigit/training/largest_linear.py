"""How the plain CNN's answering layer can be written while it is trained; what is saved is the published layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LargestLinear(nn.Module):
    """A linear layer on a flattened map, written as *M (P sums + own x)* and what it began with.

    What the layer has to compute is the largest of the digits that are seen. For that a digit's evidence speaks for
    it, and that of each larger digit against it, which is what the matrix M begins as; M is trained too. P reads the
    normalised sums of each channel over all cells, so that a digit learned in one cell is known in all; ``own`` has a
    weight for each cell, as the published layer has. All of it is linear: :meth:`fold` gives the plain layer.

    Args:
        layer: begins with what this layer answers.
        channels: of the map that is flattened channel by channel.
        is_new: the layer is untrained: begin with small shared detectors instead.
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
        # M's inverse has entries in the thousands, so what the layer knows already is not put behind M.
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
        """The published layer that answers as this one does in inference."""
        norm = self.norm
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        shared = self.shared.weight * scale
        cells = self.own.shape[1] // norm.num_features
        constant = self.shared.weight @ (norm.bias - norm.running_mean * scale) + self.shared.bias
        layer = nn.Linear(self.own.shape[1], self.own.shape[0], device=self.own.device)
        layer.weight.copy_(self.before + self.combine @ (self.own + shared.repeat_interleave(cells, 1)))
        layer.bias.copy_(self.combine @ constant + self.bias)
        return layer
