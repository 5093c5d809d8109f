"""ResNet18 with a one-channel stem and ten outputs: torchvision's, trained from scratch.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition" (2015), as the paper on Modified
MNIST uses it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from torch import nn

from maxdigit.models.registry import NUM_CLASSES
from maxdigit.models.torch_classifier import NormalisePixels, TorchClassifier, count_flops, load_classifier

_COMPILER = ("torch._dynamo", "torch._dynamo.utils")


@contextmanager
def _no_compiler() -> Iterator[None]:
    """Keep torchvision from loading torch's compiler: 1 s and 120 MB before the first answer.

    torchvision only checks whether region pooling, which ResNet18 does not use, can be compiled. The compiler can still
    be loaded later.
    """
    stand_ins = {name: ModuleType(name) for name in _COMPILER if name not in sys.modules}
    for stand_in in stand_ins.values():
        stand_in.is_compile_supported = lambda _: False  # type: ignore[attr-defined]
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


with _no_compiler():
    from torchvision.models import resnet18


class ResNet18(nn.Sequential):
    """uint8 pictures ``(N, 128, 128)`` to logits ``(N, 10)``."""

    def __init__(self) -> None:
        network = resnet18(weights=None, num_classes=NUM_CLASSES)
        network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
        super().__init__()
        self.pictures = NormalisePixels()
        self.network = network

    @property
    def feature_layer(self) -> nn.Module:
        """The layer whose output ``(N, 256, 8, 8)`` is the feature map."""
        return self.network.layer3

    @property
    def traced_layer(self) -> nn.Module:
        """The layer whose output ``(N, 64, 32, 32)`` shows where a reading comes from."""
        return self.network.layer1

    @property
    def sections(self) -> list[nn.Module]:
        """All layers with weights but the last, by section; the stem goes with the first stage."""
        network = self.network
        first = nn.Sequential(network.conv1, network.bn1, network.layer1)
        return [first, network.layer2, network.layer3, network.layer4]


def build() -> ResNet18:
    """A new, untrained ResNet18 (11,175,370 parameters)."""
    return ResNet18()


def flops() -> int:
    """Operations of one picture's forward pass."""
    return count_flops(build())


def load(folder: Path) -> TorchClassifier:
    """The trained model in ``folder``; raises CheckpointError."""
    return load_classifier(build, folder)
