"""The paper's plain PyTorch CNN: three sections of two unpadded 3x3 convolutions, then one linear layer."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from maxdigit.models.registry import NUM_CLASSES
from maxdigit.models.torch_classifier import NormalisePixels, TorchClassifier, count_flops, load_classifier


def _section(channels_in: int, channels_out: int, pool: nn.MaxPool2d) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel_size=3),
        nn.Conv2d(channels_out, channels_out, kernel_size=3),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        pool,
        nn.Dropout(0.3),
    )


class TorchCNN(nn.Sequential):
    """uint8 pictures ``(N, 128, 128)`` to logits ``(N, 10)``; 12 x 12 x 128 = 18,432 features before the last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = NormalisePixels()
        self.section1 = _section(1, 32, nn.MaxPool2d(2))
        self.section2 = _section(32, 64, nn.MaxPool2d(2))
        self.section3 = _section(64, 128, nn.MaxPool2d(3, stride=2))
        self.flatten = nn.Flatten()
        self.classify = nn.Linear(128 * 12 * 12, NUM_CLASSES)

    @property
    def feature_layer(self) -> nn.Module:
        """The layer whose output ``(N, 128, 12, 12)`` is the feature map."""
        return self.section3

    @property
    def traced_layer(self) -> nn.Module:
        """The layer whose output ``(N, 32, 62, 62)`` shows where a reading comes from."""
        return self.section1

    @property
    def sections(self) -> list[nn.Module]:
        """All layers with weights but the last, by section."""
        return [self.section1, self.section2, self.section3]


def build() -> TorchCNN:
    """A new, untrained plain CNN (471,210 parameters)."""
    return TorchCNN()


def flops() -> int:
    """Operations of one picture's forward pass."""
    return count_flops(build())


def load(folder: Path) -> TorchClassifier:
    """The trained model in ``folder``; raises CheckpointError."""
    return load_classifier(build, folder)
