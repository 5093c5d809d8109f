"""The layers that the networks here consist of, as nodes of OpenVINO graphs with weights from arrays.

Each takes and returns an ``openvino`` node whose value has the shape ``(N, channels, height, width)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from maxdigit.engine.convolution import Convolution
from maxdigit.engine.runtime import opset

Node = Any


def constant(value: ArrayLike, kind: type[np.generic] = np.float32) -> Node:
    """A constant node."""
    return opset().constant(np.ascontiguousarray(value, dtype=kind))


def convolved(x: Node, convolution: Convolution, *, stride: int = 1, padding: int = 0) -> Node:
    """A convolution with bias, with ``padding`` zeros on all sides."""
    op = opset()
    sides = [padding, padding]
    y = op.convolution(x, constant(convolution.weight), [stride, stride], sides, sides, [1, 1])
    return op.add(y, constant(convolution.bias[:, np.newaxis, np.newaxis]))


def relu(x: Node) -> Node:
    """The positive part."""
    return opset().relu(x)


def added(x: Node, y: Node) -> Node:
    """The sum."""
    return opset().add(x, y)


def max_pooled(x: Node, size: int, stride: int, padding: int = 0) -> Node:
    """The maximum of each ``size`` x ``size`` window; windows that extend past the far edge are left out."""
    sides = [padding, padding]
    return opset().max_pool(x, [stride, stride], [1, 1], sides, sides, [size, size]).output(0)


def averaged(x: Node) -> Node:
    """The mean over height and width: ``(N, channels, 1, 1)``."""
    return opset().reduce_mean(x, constant([2, 3], np.int64), keep_dims=True)
