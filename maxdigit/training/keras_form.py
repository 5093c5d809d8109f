"""The Keras CNN as it is trained: a PyTorch network with a batch norm after each layer, which folds into the Keras one.

On a CPU with bfloat16 instructions torch takes a third of the time that TensorFlow needs for a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from maxdigit.data.pictures import generate
from maxdigit.data.splits import TRAIN
from maxdigit.engine.saved_weights import KERAS_WEIGHTS
from maxdigit.models.registry import NUM_CLASSES, get_model
from maxdigit.models.run_folder import write_aside
from maxdigit.models.torch_classifier import NormalisePixels
from maxdigit.training.folding import Norm, Weighted, fold_norm, unfold_norm
from maxdigit.training.training_forms import TrainingForm

_EPSILON = 1e-3  # Keras's defaults for batch norm, so that the published moments carry over unchanged
_CALIBRATION = {"textured": 64, "crowded": 64, "drawn": 64, "photo": 64}  # pictures from which new moments are computed


class _Normed(nn.Module):
    """A layer of weights without a bias, a batch norm that is folded into it on saving, and ReLU."""

    def __init__(self, layer: Weighted, norm: Norm) -> None:
        super().__init__()
        self.layer = layer
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.layer(x)))


def _convolution(inputs: int, outputs: int, size: int) -> _Normed:
    return _Normed(nn.Conv2d(inputs, outputs, size, bias=False), nn.BatchNorm2d(outputs))


def _dense(inputs: int, outputs: int) -> _Normed:
    return _Normed(nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs))


class KerasForm(TrainingForm):
    """The Keras CNN of ``maxdigit.models.keras_cnn``, layer by layer, with additional batch norms.

    Args:
        width: share of the convolutions' channels; the dense layers have all their units at any width.
        dropout: rate of the published dropout layers.
    """

    def __init__(self, width: float = 1.0, dropout: float = 0.0) -> None:
        super().__init__(get_model("keras_cnn").features, width)
        channels = 1
        sections = []
        for filters, size in ((64, 3), (128, 5), (256, 3)):
            outputs = round(filters * width)
            sections.append(
                nn.Sequential(
                    _convolution(channels, outputs, size),
                    _convolution(outputs, outputs, size),
                    nn.BatchNorm2d(outputs, eps=_EPSILON),  # the published one
                    nn.MaxPool2d(2),
                    nn.Dropout(dropout),
                )
            )
            channels = outputs
        last = self.locate.in_channels
        self.pictures = NormalisePixels()
        self.trunk = nn.Sequential(*sections)
        self.last = _convolution(channels, last, 3)
        self.dense = nn.Sequential(_dense(9 * last, 64), _dense(64, 64), nn.Linear(64, NUM_CLASSES))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.last(self.trunk(self.pictures(pixels)))
        return self.dense(F.max_pool2d(maps, 3).flatten(1)), self.locate(maps)

    @property
    def sections(self) -> list[nn.Module]:
        return list(self.trunk)

    def published(self) -> Any:
        """The Keras model, built in float32."""
        import keras

        from maxdigit.models.keras_cnn import build

        policy = keras.mixed_precision.dtype_policy()
        keras.mixed_precision.set_dtype_policy("float32")
        model = build()
        keras.mixed_precision.set_dtype_policy(policy)
        weighted = [layer for layer in model.layers if layer.weights]
        for layer, values in zip(weighted, self._keras_weights(), strict=True):
            layer.set_weights([value.astype(np.float32) for value in values])
        return model

    def save(self, folder: Path) -> None:
        write_aside(folder / KERAS_WEIGHTS, self.published().save)
        self.save_reader(folder)

    def load_published(self, model: Any) -> None:
        """Start from a Keras model's weights: the same probabilities in inference, similar ones in training.

        The additional norms are set by the moments of a few training pictures, so that they change nothing on average.
        """
        values = [layer.get_weights() for layer in model.layers if layer.weights]
        biases: list[tuple[_Normed, Tensor]] = []
        with torch.no_grad():
            for part, found in zip(self._parts(), values, strict=True):
                tensors = [torch.from_numpy(np.array(value)) for value in found]
                if isinstance(part, nn.BatchNorm2d):
                    targets = (part.weight, part.bias, part.running_mean, part.running_var)
                    for target, value in zip(targets, tensors, strict=True):
                        target.copy_(value)
                    continue
                layer = part.layer if isinstance(part, _Normed) else part
                layer.weight.copy_(_to_torch(tensors[0], layer))
                if isinstance(part, _Normed):
                    biases.append((part, tensors[1]))
                else:
                    part.bias.copy_(tensors[1])
            self._unfold(biases)

    def _unfold(self, biases: list[tuple[_Normed, Tensor]]) -> None:
        """Set the norms' moments. While they are measured, each norm only adds its bias."""
        moments: dict[nn.Module, tuple[Tensor, Tensor]] = {}

        def take(norm: nn.Module, inputs: tuple[Tensor]) -> None:
            over = [0, *range(2, inputs[0].ndim)]
            moments[norm] = (inputs[0].mean(over), inputs[0].var(over))

        hooks = [part.norm.register_forward_pre_hook(take) for part, _ in biases]
        for part, bias in biases:
            size = torch.zeros_like(bias), torch.ones_like(bias)
            unfold_norm(part.norm, bias, *size)
        was_training = self.training
        self.eval()
        self(torch.cat([generate(TRAIN, 0, count, kind=kind).pixels for kind, count in _CALIBRATION.items()]))
        self.train(was_training)
        for hook in hooks:
            hook.remove()
        for part, bias in biases:
            unfold_norm(part.norm, bias, *moments[part.norm])

    def _parts(self) -> Iterator[_Normed | nn.BatchNorm2d | nn.Linear]:
        """The layers with weights of the published model, in its order."""
        for first, second, norm, *_ in self.trunk:
            yield from (first, second, norm)
        yield self.last
        yield from self.dense

    def _keras_weights(self) -> Iterator[list[NDArray[np.floating]]]:
        """The weights of each published layer that has some, in Keras's layout."""
        for part in self._parts():
            if isinstance(part, nn.BatchNorm2d):
                values = [part.weight, part.bias, part.running_mean, part.running_var]
            elif isinstance(part, _Normed):
                weight, bias = fold_norm(part.layer, part.norm)
                values = [_to_keras(weight), bias]
            else:
                values = [_to_keras(part.weight), part.bias]
            yield [value.detach().cpu().numpy() for value in values]


def _to_keras(weight: Tensor) -> Tensor:
    """A kernel ``(out, in, h, w)`` as ``(h, w, in, out)``; a matrix ``(out, in)`` as ``(in, out)``.

    A flattened 3 x 3 map is ordered by channel in PyTorch and by cell in Keras.
    """
    if weight.ndim == 4:
        return weight.permute(2, 3, 1, 0)
    if weight.shape[1] > 64:
        return weight.unflatten(1, (-1, 9)).transpose(1, 2).flatten(1).T
    return weight.T


def _to_torch(kernel: Tensor, layer: Weighted) -> Tensor:
    """The inverse of :func:`_to_keras`."""
    if isinstance(layer, nn.Conv2d):
        return kernel.permute(3, 2, 0, 1)
    if layer.in_features > 64:
        return kernel.T.unflatten(1, (9, -1)).transpose(1, 2).flatten(1)
    return kernel.T
