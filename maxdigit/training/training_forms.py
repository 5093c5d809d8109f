"""The form in which a model is trained: the published network, or one that folds exactly into it on saving.

In addition to its logits each form returns those of an auxiliary head, the reader, for each cell of the feature map:
which digit is there, if any. Training uses it as a second loss; it is stored beside the weights.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from maxdigit.models.registry import NUM_CLASSES, FeatureMap, Head
from maxdigit.models.run_folder import READER, let_others_read, remove, write_aside
from maxdigit.models.torch_cnn import TorchCNN
from maxdigit.training.composed import paired_convolution
from maxdigit.training.folding import Normed, normed_convolutions
from maxdigit.training.largest_linear import LargestLinear

MAX_SHARD = "9MB"  # hosts of plain git repositories refuse files over 10 MiB


class TrainingForm(nn.Module, ABC):
    """A model as it is trained; see the module's docstring.

    Args:
        features: the geometry of the feature map, in the published network.
        width: share of the published network's channels.
    """

    def __init__(self, features: FeatureMap, width: float) -> None:
        super().__init__()
        self.features = features
        self.locate = nn.Conv2d(round(features.channels * width), NUM_CLASSES + 1, kernel_size=1)
        nn.init.zeros_(self.locate.weight)  # so that a random head does not disturb a trained model
        self.frozen = 0

    @abstractmethod
    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(N, 10)`` and cell logits ``(N, 11, cells, cells)`` of uint8 pictures ``(N, 128, 128)``."""

    @property
    @abstractmethod
    def sections(self) -> list[nn.Module]:
        """All layers with weights but the last ones, by section, from the input on."""

    @abstractmethod
    def published(self) -> Any:
        """The published network, in float32 on the CPU, with the same probabilities as this form in inference."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the published network's weights and the reader's into ``folder``."""

    def normed(self) -> list[Normed]:
        """The convolutions that are followed by a batch norm, so that their scale does not matter."""
        return normed_convolutions(self)

    def freeze(self, count: int) -> None:
        """Freeze the first ``count`` sections, including the moments of their batch norms."""
        self.frozen = count
        for section in self.sections[:count]:
            section.requires_grad_(False)

    def train(self, mode: bool = True) -> TrainingForm:
        """Like ``nn.Module.train``, but frozen sections stay in inference mode."""
        super().train(mode)
        for section in self.sections[: self.frozen]:
            section.eval()
        return self

    def save_reader(self, folder: Path) -> None:
        """Write the auxiliary head as weight ``(11, channels)`` and bias ``(11,)``, float32, in safetensors."""
        weight, bias = (value.detach().float().cpu() for value in (self.locate.weight[:, :, 0, 0], self.locate.bias))
        state = {"weight": weight.contiguous(), "bias": bias.contiguous()}
        write_aside(folder / READER, lambda aside: save_file(state, aside))

    def load_reader(self, folder: Path) -> None:
        """Load the auxiliary head in ``folder``, if there is one that fits."""
        try:
            state = load_file(folder / READER)
        except FileNotFoundError:
            return
        weight, bias = state["weight"], state["bias"]
        if weight.ndim == 3:  # one head for each zone: that of the inside is used for all
            weight, bias = (part[len(part) // 2, : NUM_CLASSES + 1] for part in (weight, bias))
        with torch.no_grad():
            self.locate.weight.copy_(weight[:, :, None, None])
            self.locate.bias.copy_(bias)


class NetworkForm(TrainingForm):
    """A torch network as published, for those with a batch norm after each convolution.

    Args:
        model: has the properties ``feature_layer`` and ``sections``, as :class:`maxdigit.models.resnet18.ResNet18`.
        features: the geometry of the feature layer's output.
        width: share of the published network's channels.
    """

    def __init__(self, model: nn.Module, features: FeatureMap, width: float = 1.0) -> None:
        super().__init__(features, width)
        self.model = narrowed(model, width)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps: list[Tensor] = []
        hook = self.model.feature_layer.register_forward_hook(lambda _layer, _inputs, output: maps.append(output))
        try:
            logits = self.model(pixels)
        finally:
            hook.remove()  # the network is copied during training, hooks included
        return logits, self.locate(maps[0])

    @property
    def sections(self) -> list[nn.Module]:
        return self.model.sections

    def published(self) -> nn.Module:
        return copy.deepcopy(self.model).cpu().float().eval()

    def save(self, folder: Path) -> None:
        save_weights(self.published(), folder)
        self.save_reader(folder)


class TorchCNNForm(NetworkForm):
    """The plain CNN with each pair of convolutions computed as one.

    Its weights are the published ones. The last layer may be parameterised differently: ``largest`` is
    :class:`maxdigit.training.largest_linear.LargestLinear`.
    """

    def __init__(
        self, model: TorchCNN, features: FeatureMap, width: float = 1.0, *, head: Head = "plain", is_new: bool = True
    ) -> None:
        super().__init__(model, features, width)
        if head == "largest":
            self.model.classify = LargestLinear(model.classify, self.locate.in_channels, is_new=is_new)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.model.pictures(pixels)
        for first, second, *others in self.model.sections:
            maps = paired_convolution(first, second, maps)
            for layer in others:
                maps = layer(maps)
        return self.model.classify(self.model.flatten(maps)), self.locate(maps)

    def normed(self) -> list[Normed]:
        return [Normed([first, second], norm) for first, second, norm, *_ in self.model.sections]

    def published(self) -> nn.Module:
        model = super().published()
        if isinstance(model.classify, LargestLinear):
            model.classify = model.classify.fold()
        return model


def narrowed(model: nn.Module, width: float) -> nn.Module:
    """The model with this share of its channels, except in its input and output; with new weights if under 1."""
    if width != 1:
        for name, layer in model.named_children():
            if isinstance(layer, nn.Conv2d):
                inputs = layer.in_channels if layer.in_channels == 1 else round(layer.in_channels * width)
                settings = {key: getattr(layer, key) for key in ("kernel_size", "stride", "padding")}
                outputs = round(layer.out_channels * width)
                setattr(model, name, nn.Conv2d(inputs, outputs, bias=layer.bias is not None, **settings))
            elif isinstance(layer, nn.BatchNorm2d):
                setattr(model, name, nn.BatchNorm2d(round(layer.num_features * width)))
            elif isinstance(layer, nn.Linear):
                setattr(model, name, nn.Linear(round(layer.in_features * width), layer.out_features))
            else:
                narrowed(layer, width)
    return model


def save_weights(model: nn.Module, folder: Path) -> None:
    """Weights in half precision, as safetensors in shards under 10 MiB, in the Hub's own layout."""
    state = {
        name: value.detach().cpu().half().contiguous() if value.is_floating_point() else value.detach().cpu()
        for name, value in model.state_dict().items()
    }
    for old in folder.glob("model*.safetensors*"):
        remove(old)
    save_torch_state_dict(state, folder, max_shard_size=MAX_SHARD)
    for file in folder.glob("model*.safetensors*"):
        let_others_read(file)
