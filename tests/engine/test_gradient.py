"""Gradients of the engine are those of PyTorch, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from maxdigit.engine.convolution import Convolution
from maxdigit.engine.gradient import gradient
from maxdigit.engine.layers import Node, added, constant, convolved, max_pooled, relu
from maxdigit.engine.runtime import Compiled, openvino, opset

RANDOM = np.random.default_rng(7)
SQUARE = Convolution(RANDOM.normal(size=(16, 16, 3, 3)), RANDOM.normal(size=16))
WEIGHT, BIAS = (torch.from_numpy(part).float() for part in (SQUARE.weight, SQUARE.bias))
SCALE = RANDOM.normal(size=(16, 1, 1)).astype(np.float32)

CASES: dict[str, tuple[Callable[[Node], Node], Callable[[Tensor], Tensor]]] = {
    "convolution": (lambda x: convolved(x, SQUARE), lambda x: F.conv2d(x, WEIGHT, BIAS)),
    "with stride and padding": (
        lambda x: convolved(x, SQUARE, stride=2, padding=1),
        lambda x: F.conv2d(x, WEIGHT, BIAS, stride=2, padding=1),
    ),
    "relu": (relu, F.relu),
    "pooling": (lambda x: max_pooled(x, 2, 2), lambda x: F.max_pool2d(x, 2)),
    "pooling by windows that overlap": (lambda x: max_pooled(x, 3, 2), lambda x: F.max_pool2d(x, 3, 2)),
    "scale": (lambda x: opset().multiply(x, constant(SCALE)), lambda x: x * torch.from_numpy(SCALE)),
    "a way around": (
        lambda x: relu(added(convolved(x, SQUARE, padding=1), x)),
        lambda x: F.relu(F.conv2d(x, WEIGHT, BIAS, padding=1) + x),
    ),
    "one after another": (
        lambda x: max_pooled(relu(convolved(relu(convolved(x, SQUARE)), SQUARE)), 2, 2),
        lambda x: F.max_pool2d(F.relu(F.conv2d(F.relu(F.conv2d(x, WEIGHT, BIAS)), WEIGHT, BIAS)), 2),
    ),
}


def of_engine(layers: Callable[[Node], Node], x: np.ndarray, by: np.ndarray) -> np.ndarray:
    module: Any = openvino()
    op = opset()
    start, change = op.parameter(list(x.shape), np.float32), op.parameter(list(by.shape), np.float32)
    early = relu(start).output(0)  # the picture's part of the graph, which is left alone
    late = layers(early)
    late = late if hasattr(late, "get_index") else late.output(0)
    result = op.result(gradient(late, early, change.output(0)))
    return Compiled(module.Model([result], [start, change], "test"))(x, by)[0]


@pytest.mark.parametrize("case", CASES)
def test_a_layers_gradient_is_pytorchs(case: str) -> None:
    layers, in_torch = CASES[case]
    x = np.abs(RANDOM.normal(size=(1, 16, 13, 12))).astype(np.float32)
    watched = torch.from_numpy(x).requires_grad_()
    late = in_torch(watched)
    by = RANDOM.normal(size=tuple(late.shape)).astype(np.float32)
    (expected,) = torch.autograd.grad(late, watched, torch.from_numpy(by))
    found = of_engine(layers, x, by)
    assert np.abs(found - expected.numpy()).max() < 1e-4 * np.abs(expected.numpy()).max()


def test_what_does_not_lead_there_or_has_no_rule_is_refused() -> None:
    op = opset()
    one, other = (op.parameter([1, 2, 4, 4], np.float32) for _ in range(2))
    with pytest.raises(ValueError, match="is not computed from"):
        gradient(relu(one).output(0), other.output(0), other.output(0))
    with pytest.raises(ValueError, match="no rule for Tanh"):
        gradient(op.tanh(one).output(0), one.output(0), one.output(0))
