"""The ink network as the engine computes it: the layers of :mod:`maxdigit.preparation.ink_network`, without PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from maxdigit.engine.convolution import Convolution
from maxdigit.engine.layers import Node, added, averaged, constant, convolved, relu
from maxdigit.engine.runtime import Compiled, openvino, opset
from maxdigit.engine.saved_weights import Tensors

_EPSILON = 1e-5  # added to variances by batch norms
_WIDTHS = (24, 40, 64, 96)  # as in the network, as are the sizes and strides below
_BLOCKS = (2, 3, 3, 3)  # at each resolution on the way down


class EngineInkNetwork:
    """The trained network in OpenVINO. Safe to share between threads.

    In float32 on every processor: what counts as ink is decided by thresholds, which bfloat16 answers would sometimes
    cross.
    """

    def __init__(self, path: Path) -> None:
        """Read the weights and compile the network.

        Raises:
            OSError, ValueError, SafetensorError: the weights are missing, damaged, or from another network.
            RuntimeError: OpenVINO cannot compute it here.
        """
        tensors = Tensors(
            {
                name: value.astype(np.float32)
                for name, value in load_file(path).items()
                if not name.endswith("num_batches_tracked")
            }
        )
        graph = _graph(tensors)
        tensors.close()
        # Pictures come in hundreds of shapes: all their kernels would take more memory than all models.
        self._compiled = Compiled(graph, kernels=64)

    def __call__(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities; see :class:`maxdigit.preparation.finder.SeesInk`."""
        ink, look = self._compiled(pictures)
        return ink[:, 0], look[:, 0, 0, 0]


def _graph(tensors: Tensors) -> object:
    """The network with these weights, as an ``openvino.Model``."""
    module, op = openvino(), opset()
    assert module is not None
    pictures = op.parameter([-1, -1, -1, 3], np.uint8, name="pictures")
    x = op.convert(op.transpose(pictures, constant([0, 3, 1, 2], np.int64)), "f32")
    x = op.subtract(op.multiply(x, constant(4 / 255)), constant(2))  # (x / 255 - 0.5) / 0.25

    levels, inputs = [], 3
    for number, (outputs, blocks) in enumerate(zip(_WIDTHS, _BLOCKS, strict=True), 1):
        for block in range(blocks):
            size = 5 if inputs == 3 else 3
            name = f"down{number}.{block}"
            x = _block(x, _normed(tensors, name, inputs, outputs, size), stride=2 if block == 0 else 1)
            inputs = outputs
        levels.append(x)

    overall = averaged(x)
    x = added(x, overall)
    for number in (3, 2, 1):
        outputs = _WIDTHS[number - 1]
        x = _doubled(convolved(x, _plain(tensors, f"to{number}", inputs, outputs, 1)))
        x = _block(added(levels[number - 1], x), _normed(tensors, f"up{number}", outputs, outputs, 3))
        inputs = outputs
    ink = op.depth_to_space(convolved(x, _plain(tensors, "ink", inputs, 4, 3), padding=1), "depth_first", 2)
    weight, bias = tensors.take("competition.weight", 1, _WIDTHS[-1]), tensors.take("competition.bias", 1)
    look = convolved(overall, Convolution(weight[:, :, np.newaxis, np.newaxis], bias))
    return module.Model([op.result(op.sigmoid(ink)), op.result(op.sigmoid(look))], [pictures], "ink")


def _block(x: Node, convolution: Convolution, stride: int = 1) -> Node:
    return relu(convolved(x, convolution, stride=stride, padding=convolution.weight.shape[2] // 2))


def _doubled(x: Node) -> Node:
    """Upsample by 2, each cell repeated."""
    sizes = constant([2, 2], np.float32)
    return opset().interpolate(
        x, sizes, "nearest", "scales", axes=constant([2, 3], np.int64), coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )  # fmt: skip


def _plain(tensors: Tensors, name: str, inputs: int, outputs: int, size: int) -> Convolution:
    weight = tensors.take(f"{name}.weight", outputs, inputs, size, size)
    return Convolution(weight, tensors.take(f"{name}.bias", outputs))


def _normed(tensors: Tensors, name: str, inputs: int, outputs: int, size: int) -> Convolution:
    """A convolution without a bias, merged with the batch norm after it."""
    weight = tensors.take(f"{name}.0.weight", outputs, inputs, size, size)
    parts = ("weight", "bias", "running_mean", "running_var")
    gamma, beta, mean, variance = (tensors.take(f"{name}.1.{part}", outputs) for part in parts)
    scale = gamma / np.sqrt(variance + _EPSILON)
    return Convolution(weight, np.zeros(outputs, np.float32)).scaled(scale, beta - mean * scale)
