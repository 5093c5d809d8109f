"""Muon for the convolutions of torch models: each step is orthogonalised.

K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024),
https://kellerjordan.github.io/posts/muon. torch's own takes matrices only, and lets weights grow. Before a batch norm
the norm of a kernel does not matter, so it is kept constant here and the learning rate is relative to it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # the quintic's coefficients, from the source named above
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum for kernels ``(out, in, height, width)`` that are followed by a batch norm.

    Args:
        kernels: the weights; each is scaled to the norm ``sqrt(out)`` at its first step and keeps it.
        learning_rate: size of a step as a share of that norm; 0.02 is usual.
        momentum: decay of the earlier gradients.
    """

    def __init__(self, kernels: Iterable[Tensor], learning_rate: float, momentum: float = 0.95) -> None:
        super().__init__(kernels, {"lr": learning_rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step along the gradients that there are."""
        assert closure is None
        for group in self.param_groups:
            for kernels in _by_shape([kernel for kernel in group["params"] if kernel.grad is not None]):
                directions = torch.stack([self._direction(kernel, group["momentum"]) for kernel in kernels])
                for kernel, update in zip(kernels, _orthogonal(directions), strict=True):
                    kernel.add_(update.reshape(kernel.shape), alpha=-group["lr"])
                    _rescale(kernel)

    def _direction(self, kernel: Tensor, decay: float) -> Tensor:
        """The step before it is orthogonalised, ``(out, in * height * width)``; updates the kernel's momentum."""
        assert kernel.grad is not None
        state = self.state[kernel]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(kernel)
            _rescale(kernel)
        momentum = state["momentum"].lerp_(kernel.grad, 1 - decay)
        return kernel.grad.lerp(momentum, decay).flatten(1)  # Nesterov's


def hidden_kernels(network: nn.Module) -> list[nn.Parameter]:
    """The kernels of convolutions whose next layer is a batch norm and which see more than one channel."""
    modules = list(network.modules())
    return [
        layer.weight
        for layer, after in zip(modules, modules[1:], strict=False)
        if isinstance(layer, nn.Conv2d) and layer.in_channels > 1 and isinstance(after, nn.BatchNorm2d)
    ]


def _rescale(kernel: Tensor) -> None:
    kernel.mul_(len(kernel) ** 0.5 / kernel.norm())


def _by_shape(kernels: list[Tensor]) -> list[list[Tensor]]:
    """Groups of the same shape, which are computed together: a GPU takes longer to start operations than to do them."""
    groups: dict[torch.Size, list[Tensor]] = {}
    for kernel in kernels:
        groups.setdefault(kernel.shape, []).append(kernel)
    return list(groups.values())


def _orthogonal(matrices: Tensor) -> Tensor:
    """Matrices ``(N, rows, columns)`` with all their singular values near 1, float32, same shape."""
    a, b, c = _NEWTON_SCHULZ
    rows, columns = matrices.shape[1:]
    x = matrices.bfloat16()
    x = (x.mT if rows > columns else x) / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    x = x.mT if rows > columns else x
    return x.float() * max(1.0, rows / columns) ** 0.5
