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
            for kernel in group["params"]:
                if kernel.grad is None:
                    continue
                state = self.state[kernel]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(kernel)
                    _rescale(kernel)
                momentum = state["momentum"].lerp_(kernel.grad, 1 - group["momentum"])
                direction = kernel.grad.lerp(momentum, group["momentum"])  # Nesterov's
                update = _orthogonal(direction.reshape(len(kernel), -1)).reshape(kernel.shape)
                kernel.add_(update, alpha=-group["lr"])
                _rescale(kernel)


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


def _orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with all its singular values near 1, float32, same shape."""
    a, b, c = _NEWTON_SCHULZ
    x = matrix.bfloat16()
    is_tall = len(x) > x.shape[1]
    x = (x.T if is_tall else x) / (x.norm() + 1e-7)
    for _ in range(_STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    x = x.T if is_tall else x
    return x.float() * max(1.0, len(matrix) / matrix.shape[1]) ** 0.5
