"""Batch norm over the batches of all processes of a run."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def synchronise_batch_norm(model: nn.Module) -> nn.Module:
    """Compute batch norms over the pictures of all processes, so that dividing a batch does not change the result."""
    if torch.cuda.is_available():
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            synced = CpuSyncBatchNorm(child.num_features, child.eps, child.momentum)
            synced.load_state_dict(child.state_dict())
            setattr(model, name, synced)
        else:
            synchronise_batch_norm(child)
    return model


class CpuSyncBatchNorm(nn.BatchNorm2d):
    """``nn.SyncBatchNorm`` for CPUs, where torch has none. All processes must have the same number of pictures."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        import torch.distributed.nn.functional as collective

        processes = torch.distributed.get_world_size()
        over = [0, *range(2, x.ndim)]
        inputs, x = x, x.float()  # a variance needs float32
        moments = torch.stack([x.mean(over), (x * x).mean(over)])
        mean, square = collective.all_reduce(moments) / processes
        variance = square - mean * mean
        with torch.no_grad():
            count = x.numel() // x.shape[1] * processes
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shape = (-1, *[1] * (x.ndim - 2))
        return ((x - mean.view(shape)) * scale.view(shape) + self.bias.view(shape)).to(inputs.dtype)

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept two-dimensional inputs too."""
