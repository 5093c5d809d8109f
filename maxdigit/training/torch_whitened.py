"""How the plain CNN's answering layer is written while it is trained; what is saved is the published layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_MOMENTUM = 0.02  # of the running moments: some fifty batches count
_FLOOR = 3e-3  # of the mean variance, below which a direction counts as noise


class WhitenedLinear(nn.Module):
    """A linear layer on a flattened map, in a form that gradient descent gets on with.

    The published layer has a weight of its own for each of 144 cells, so it would have to meet every digit in each of
    them, and one direction of its inputs varies fifty times as much as the next, so that no learning rate suits all.
    Here a part of the weight is shared by all cells, and the sums over cells that it sees are centred and decorrelated
    by running moments, as in L. Huang et al., "Decorrelated Batch Normalization" (2018). All of it is linear:
    :meth:`fold` gives the plain layer that answers alike.
    """

    def __init__(self, layer: nn.Linear, channels: int) -> None:
        super().__init__()
        self.cells = layer.in_features // channels
        self.own = nn.Parameter(layer.weight.detach().clone())
        self.bias = nn.Parameter(layer.bias.detach().clone())
        self.shared = nn.Parameter(torch.zeros(layer.out_features, channels))
        self.register_buffer("mean", torch.zeros(channels))  # of a channel, over pictures and cells
        self.register_buffer("covariance", torch.eye(channels))  # of the channels' sums over cells
        self.register_buffer("batches", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, outputs)`` of flattened maps ``(N, channels x cells)``, which run channel by channel."""
        with torch.autocast(x.device.type, enabled=False):
            maps = x.float().unflatten(1, (-1, self.cells))
            if self.training:
                self._follow(maps.detach())
            maps = maps - self.mean[:, None]
            sums = maps.sum(2)
            white = torch.linalg.solve_triangular(self._factor(), sums.T, upper=False).T
            return white @ self.shared.T + maps.flatten(1) @ self.own.T + self.bias

    @torch.no_grad()
    def fold(self) -> nn.Linear:
        """The published layer: the same answers from weights and biases alone."""
        shared = torch.linalg.solve_triangular(self._factor().T, self.shared.T, upper=True).T
        layer = nn.Linear(self.own.shape[1], self.own.shape[0], device=self.own.device)
        layer.weight.copy_(self.own + shared.repeat_interleave(self.cells, 1))
        layer.bias.copy_(self.bias - layer.weight @ self.mean.repeat_interleave(self.cells))
        return layer

    @torch.no_grad()
    def _follow(self, maps: Tensor) -> None:
        self.batches += 1
        momentum = (1 / self.batches).clamp(min=_MOMENTUM)
        step = momentum * (_over_all(maps.mean((0, 2))) - self.mean)
        self.mean += step
        self.bias += self.own.unflatten(1, (-1, self.cells)).sum(2) @ step  # what the cells' own part says stays
        sums = (maps - self.mean[:, None]).sum(2)
        self.covariance.lerp_(_over_all(sums.T @ sums / len(sums)), momentum)

    def _factor(self) -> Tensor:
        """The lower triangle whose inverse decorrelates."""
        floor = _FLOOR * self.covariance.diagonal().mean()
        ridge = floor * torch.eye(len(self.covariance), device=floor.device)
        # Unchecked, which spares a GPU the wait: once training has diverged the loss says so.
        return torch.linalg.cholesky_ex(self.covariance + ridge).L


def _over_all(moments: Tensor) -> Tensor:
    """The mean over all processes that train together."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(moments)
        moments /= torch.distributed.get_world_size()
    return moments
