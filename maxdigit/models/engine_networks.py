"""The published networks as OpenVINO graphs, built from saved weights up to the feature map; NumPy computes the rest.

They compute the same functions as in the frameworks with fewer operations: pixel normalisation and batch norms are
merged into convolutions, and so are convolutions with nothing between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.engine.convolution import Convolution
from maxdigit.engine.gradient import gradient
from maxdigit.engine.layers import Node, added, averaged, constant, convolved, max_pooled, relu
from maxdigit.engine.runtime import openvino, opset
from maxdigit.engine.saved_weights import Tensors, read_keras, read_torch
from maxdigit.models.registry import NUM_CLASSES, PIXEL_MEAN, PIXEL_STD

Array = NDArray[np.floating]
Head = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_TORCH_EPSILON, _KERAS_EPSILON = 1e-5, 1e-3  # added to variances by batch norms


class Trunk(NamedTuple):
    """The values computed from pictures before the head, as outputs of a graph's operations."""

    first: Node  # the output of the first section
    features: Node  # the feature map
    last: Node  # the input of the head; may be the feature map itself


@dataclass(frozen=True)
class EngineNetwork:
    """A network in two parts: the trunk, for OpenVINO, and the head, a few small matrix products for NumPy."""

    convolutions: tuple[Convolution, ...]
    trunk: Callable[[Node, Iterator[Convolution]], Trunk]  # from pixels (N, 1, 128, 128) and the convolutions in order
    head: Head  # from the trunk's last value to logits (N, 10)

    def graph(self, round_weights: Callable[[Convolution], Convolution] = lambda convolution: convolution) -> Any:
        """The trunk as an ``openvino.Model``.

        From uint8 pictures ``(N, 128, 128)`` to the feature map, and to the head's input if that is different.
        """
        module, op = openvino(), opset()
        assert module is not None
        pictures, trunk = self._computed(-1, round_weights)
        outputs = [trunk.features] if trunk.last is trunk.features else [trunk.features, trunk.last]
        return module.Model([op.result(output) for output in outputs], [pictures], "trunk")

    def tracing_graph(self) -> Any:
        """An ``openvino.Model`` that propagates a gradient from the feature map back to the first section's output.

        Its inputs are one uint8 picture ``(1, 128, 128)`` and the gradient of some quantity with respect to the feature
        map, float32 of its shape; its outputs are the first section's output and the gradient with respect to that.
        """
        module, op = openvino(), opset()
        assert module is not None
        pictures, trunk = self._computed(1, lambda convolution: convolution)
        of_features = op.parameter(list(trunk.features.get_shape()), np.float32, name="gradient")
        of_first = gradient(trunk.features, trunk.first, of_features.output(0))
        return module.Model([op.result(trunk.first), op.result(of_first)], [pictures, of_features], "tracing")

    def _computed(self, count: int, round_weights: Callable[[Convolution], Convolution]) -> tuple[Node, Trunk]:
        op = opset()
        pictures = op.parameter([count, IMAGE_SIZE, IMAGE_SIZE], np.uint8, name="pictures")
        pixels = op.convert(op.unsqueeze(pictures, constant([1], np.int64)), "f32")
        return pictures, self.trunk(pixels, map(round_weights, self.convolutions))


def read_torch_cnn(folder: Path) -> EngineNetwork:
    """The PyTorch CNN with the weights in ``folder``; raises as the readers of its files do."""
    tensors = read_torch(folder)
    convolutions = []
    for section, (inputs, outputs) in enumerate(((1, 32), (32, 64), (64, 128)), 1):
        first = _torch_convolution(tensors, f"section{section}.0", inputs, outputs)
        second = _torch_convolution(tensors, f"section{section}.1", outputs, outputs)
        if section == 1:
            first = first.fed(1 / PIXEL_STD, -PIXEL_MEAN / PIXEL_STD)
        convolutions.append(first.then(second.scaled(*_torch_norm(tensors, f"section{section}.2", outputs))))
    head = _linear(tensors, "classify", 128 * 12 * 12)
    tensors.close()

    def trunk(x: Node, convolution: Iterator[Convolution]) -> Trunk:
        first = max_pooled(relu(convolved(x, next(convolution))), 2, 2)
        x = max_pooled(relu(convolved(first, next(convolution))), 2, 2)
        features = max_pooled(relu(convolved(x, next(convolution))), 3, 2)
        return Trunk(first, features, features)

    return EngineNetwork(tuple(convolutions), trunk, head)


def read_resnet18(folder: Path) -> EngineNetwork:
    """ResNet18 with the weights in ``folder``; raises as the readers of its files do."""
    tensors = read_torch(folder)
    convolutions = []

    def keep(name: str, norm: str, inputs: int, outputs: int, size: int) -> None:
        weight = tensors.take(f"network.{name}.weight", outputs, inputs, size, size)
        plain = Convolution(weight, np.zeros(outputs, np.float32))
        convolutions.append(plain.scaled(*_torch_norm(tensors, f"network.{norm}", outputs)))

    keep("conv1", "bn1", 1, 64, 7)
    widths = (64, 64, 128, 256, 512)
    for stage in range(1, 5):
        for block in range(2):
            inputs, outputs = widths[stage - 1 if block == 0 else stage], widths[stage]
            name = f"layer{stage}.{block}"
            if stage > 1 and block == 0:
                keep(f"{name}.downsample.0", f"{name}.downsample.1", inputs, outputs, 1)
            keep(f"{name}.conv1", f"{name}.bn1", inputs, outputs, 3)
            keep(f"{name}.conv2", f"{name}.bn2", outputs, outputs, 3)
    head = _linear(tensors, "network.fc", 512)
    tensors.close()

    def trunk(x: Node, convolution: Iterator[Convolution]) -> Trunk:
        op = opset()
        # Not merged into the first convolution, which pads normalised pixels with zeros.
        x = op.divide(op.subtract(x, constant(PIXEL_MEAN)), constant(PIXEL_STD))
        x = max_pooled(relu(convolved(x, next(convolution), stride=2, padding=3)), 3, 2, padding=1)
        stages = []
        for stage in range(4):
            for block in range(2):
                stride = 2 if stage > 0 and block == 0 else 1
                shortcut = convolved(x, next(convolution), stride=stride) if stride > 1 else x
                x = relu(convolved(x, next(convolution), stride=stride, padding=1))
                x = relu(added(convolved(x, next(convolution), padding=1), shortcut))
            stages.append(x.output(0))
        return Trunk(stages[0], stages[2], averaged(x).output(0))

    return EngineNetwork(tuple(convolutions), trunk, head)


def read_keras_cnn(folder: Path) -> EngineNetwork:
    """The Keras CNN with the weights in ``folder``; raises as the readers of its files do."""
    tensors = read_keras(folder)
    convolutions, norms = [], []
    inputs = 1
    for number, (outputs, size) in enumerate(((64, 3), (64, 3), (128, 5), (128, 5), (256, 3), (256, 3), (128, 3))):
        layer = _keras_name("conv2d", number)
        weight = tensors.take(f"{layer}/0", size, size, inputs, outputs)
        convolution = Convolution(np.moveaxis(weight, (3, 2), (0, 1)), tensors.take(f"{layer}/1", outputs))
        convolutions.append(convolution.fed(1 / PIXEL_STD, -PIXEL_MEAN / PIXEL_STD) if number == 0 else convolution)
        inputs = outputs
        if number in (1, 3, 5):
            norm = _keras_name("batch_normalization", number // 2)
            gamma, beta, mean, variance = (tensors.take(f"{norm}/{part}", outputs) for part in range(4))
            norms.append(_norm(gamma, beta, mean, variance, _KERAS_EPSILON))
    dense = [
        (tensors.take(f"{layer}/0", *shape), tensors.take(f"{layer}/1", shape[1]))
        for layer, shape in zip(
            (_keras_name("dense", number) for number in range(3)),
            ((9 * 128, 64), (64, 64), (64, NUM_CLASSES)),
            strict=True,
        )
    ]
    tensors.close()

    def trunk(x: Node, convolution: Iterator[Convolution]) -> Trunk:
        op, pooled = opset(), []
        for scale, shift in norms:
            x = relu(convolved(relu(convolved(x, next(convolution))), next(convolution)))
            # After the ReLU and before the pooling, as in the network: a scale may be negative.
            x = op.add(op.multiply(x, constant(scale[:, None, None])), constant(shift[:, None, None]))
            x = max_pooled(x, 2, 2)
            pooled.append(x)
        features = relu(convolved(x, next(convolution))).output(0)
        return Trunk(pooled[0], features, features)

    def head(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        # The largest of each 3 x 3, first over rows, then over columns: one `max` over both takes ten times as long.
        rows = _largest(*(maps[:, :, row::3] for row in range(3)))
        x = _largest(*(rows[..., column::3] for column in range(3))).transpose(0, 2, 3, 1).reshape(len(maps), -1)
        for weight, bias in dense[:-1]:
            x = np.maximum(x @ weight + bias, 0)
        weight, bias = dense[-1]
        return x @ weight + bias

    return EngineNetwork(tuple(convolutions), trunk, head)


def _torch_convolution(tensors: Tensors, name: str, inputs: int, outputs: int) -> Convolution:
    """A 3 x 3 convolution in float64, so that merging two of them rounds only once."""
    weight = tensors.take(f"{name}.weight", outputs, inputs, 3, 3).astype(np.float64)
    return Convolution(weight, tensors.take(f"{name}.bias", outputs).astype(np.float64))


def _torch_norm(tensors: Tensors, name: str, channels: int) -> tuple[Array, Array]:
    names = ("weight", "bias", "running_mean", "running_var")
    gamma, beta, mean, variance = (tensors.take(f"{name}.{part}", channels) for part in names)
    return _norm(gamma, beta, mean, variance, _TORCH_EPSILON)


def _norm(gamma: Array, beta: Array, mean: Array, variance: Array, epsilon: float) -> tuple[Array, Array]:
    """A batch norm in inference, as scale and shift."""
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - mean * scale


def _linear(tensors: Tensors, name: str, features: int) -> Head:
    weight = tensors.take(f"{name}.weight", NUM_CLASSES, features)
    bias = tensors.take(f"{name}.bias", NUM_CLASSES)
    return lambda x: x.reshape(len(x), -1) @ weight.T + bias


def _largest(one: NDArray[np.float32], other: NDArray[np.float32], third: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.maximum(np.maximum(one, other), third)


def _keras_name(kind: str, number: int) -> str:
    """The name in the file of a layer of this kind and number."""
    return f"{kind}_{number}" if number else kind


READERS: dict[str, Callable[[Path], EngineNetwork]] = {
    "keras_cnn": read_keras_cnn,
    "resnet18": read_resnet18,
    "torch_cnn": read_torch_cnn,
}
