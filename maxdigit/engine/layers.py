"""Layers as OpenVINO's graphs have them, made of arrays: what the networks here consist of, and no more.

Each takes and gives an ``openvino`` node whose value has the shape ``(N, channels, height, width)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from maxdigit.engine.convolution import Convolution
from maxdigit.engine.runtime import opset

Node = Any


def constant(value: ArrayLike, kind: type[np.generic] = np.float32) -> Node:
    """A value that does not depend on the input."""
    return opset().constant(np.ascontiguousarray(value, dtype=kind))


def convolved(x: Node, convolution: Convolution, *, stride: int = 1, padding: int = 0) -> Node:
    """A convolution, its bias added; ``padding`` with zeros on all sides."""
    op = opset()
    sides = [padding, padding]
    y = op.convolution(x, constant(convolution.weight), [stride, stride], sides, sides, [1, 1])
    return op.add(y, constant(convolution.bias[:, np.newaxis, np.newaxis]))


def relu(x: Node) -> Node:
    """What is above zero."""
    return opset().relu(x)


def added(x: Node, y: Node) -> Node:
    """The sum."""
    return opset().add(x, y)


def max_pooled(x: Node, size: int, stride: int, padding: int = 0) -> Node:
    """The largest in each window of ``size`` x ``size``; windows that reach over the far edge are left out."""
    sides = [padding, padding]
    return opset().max_pool(x, [stride, stride], [1, 1], sides, sides, [size, size]).output(0)


def averaged(x: Node) -> Node:
    """The mean over height and width: ``(N, channels, 1, 1)``."""
    return opset().reduce_mean(x, constant([2, 3], np.int64), keep_dims=True)
